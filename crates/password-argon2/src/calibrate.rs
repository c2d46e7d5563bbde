use std::time::{Duration, Instant};

use archon_domain::ports::HashError;
use argon2::{Algorithm, Argon2, Version};

use crate::memory::Memory;
use crate::parameters::Argon2Parameters;

/// More memory than this makes each log-in dear for the service before it makes guessing much dearer;
/// from here on it is passes that take up the time.
const ENOUGH_MEMORY_KIB: u32 = 64 * 1024;

/// How often each measurement is repeated.
const ROUNDS: usize = 3;

/// Proposes parameters that make a hash take about `target` on this machine, measured on one thread.
///
/// Never less than the default; first more memory up to 64 MiB, then more passes. Blocks for some
/// multiples of `target`.
#[must_use]
pub fn calibrate(target: Duration) -> Argon2Parameters {
    calibrate_with(target, &mut |parameters| measure(parameters).ok())
}

/// The search itself; `measure` answers `None` for what the machine cannot do.
fn calibrate_with(
    target: Duration,
    measure: &mut dyn FnMut(Argon2Parameters) -> Option<Duration>,
) -> Argon2Parameters {
    let least = Argon2Parameters::default();
    let Some(time) = measure(least) else { return least };
    let memory_kib = scaled(least.memory_kib, target, time).clamp(least.memory_kib, ENOUGH_MEMORY_KIB);
    // Whole MiB read better; never below the default.
    let memory_kib = if memory_kib == least.memory_kib { memory_kib } else { memory_kib / 1024 * 1024 };
    let large = Argon2Parameters { memory_kib: memory_kib.max(least.memory_kib), ..least };
    if large.memory_kib < ENOUGH_MEMORY_KIB {
        return large;
    }
    let Some(time) = measure(large) else { return least };
    let iterations = scaled(large.iterations, target, time).clamp(large.iterations, 100);
    Argon2Parameters { iterations, ..large }
}

/// `cost`, scaled from the time that it took to the time that is wanted.
fn scaled(cost: u32, target: Duration, time: Duration) -> u32 {
    let micros = time.as_micros().max(1);
    u32::try_from(u128::from(cost) * target.as_micros() / micros).unwrap_or(u32::MAX)
}

/// The median time of a hash in memory that is already there, as in the pool.
fn measure(parameters: Argon2Parameters) -> Result<Duration, HashError> {
    let params = parameters.to_params()?;
    let mut memory = Memory::new(params.block_count())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        memory.hash(&argon2, b"calibration", b"calibration-salt", Argon2Parameters::OUTPUT_BYTES)?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times[ROUNDS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that passes over a MiB in `micros` microseconds.
    fn propose(target_ms: u64, micros: u64) -> (u32, u32) {
        let mut measure = |parameters: Argon2Parameters| {
            let work = u64::from(parameters.memory_kib) * u64::from(parameters.iterations);
            Some(Duration::from_micros(work * micros / 1024))
        };
        let proposed = calibrate_with(Duration::from_millis(target_ms), &mut measure);
        (proposed.memory_kib, proposed.iterations)
    }

    #[test]
    fn a_slow_machine_keeps_the_default() {
        assert_eq!(propose(10, 1_000), (19_456, 2));
        assert_eq!(calibrate_with(Duration::ZERO, &mut |_| None), Argon2Parameters::default());
    }

    #[test]
    fn memory_grows_first_and_then_the_passes() {
        assert_eq!(propose(50, 500), (50 * 1024, 2));
        assert_eq!(propose(320, 500), (64 * 1024, 10));
    }

    #[test]
    fn the_real_machine_is_measured() {
        let proposed = calibrate(Duration::from_millis(1));
        assert_eq!(proposed.lanes, 1);
        assert!(proposed.memory_kib >= 19_456);
    }
}
