use std::num::NonZeroUsize;
use std::thread;

use archon_domain::ports::HashError;
use argon2::Params;

/// What a hash costs (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Parameters {
    /// Memory in KiB: at least 8 per lane, at most 1,048,576 (1 GiB).
    pub memory_kib: u32,
    /// Passes over the memory: 1 or more.
    pub iterations: u32,
    /// Lanes. They are computed one after the other, so more than 1 makes only attackers faster.
    pub lanes: u32,
}

impl Argon2Parameters {
    /// Bytes of a hash.
    pub const OUTPUT_BYTES: usize = 32;

    /// Bytes of a salt (RFC 9106 section 3.1 recommends 16).
    pub const SALT_BYTES: usize = 16;

    /// The most memory that a hash may ask for, in KiB: 1 GiB.
    pub const MAX_MEMORY_KIB: u32 = 1024 * 1024;

    /// The most passes that a hash may make over its memory, memory times passes in KiB: 64 GiB.
    pub(crate) const MAX_WORK_KIB: u64 = 64 * 1024 * 1024;

    /// The parameters as the library takes them.
    pub(crate) fn to_params(self) -> Result<Params, HashError> {
        let params = Params::new(self.memory_kib, self.iterations, self.lanes, Some(Self::OUTPUT_BYTES));
        let params = params.map_err(|error| {
            HashError::Failed(format!(
                "the parameters m={} t={} p={} are out of range: {error}",
                self.memory_kib, self.iterations, self.lanes
            ))
        })?;
        if is_absurd(&params) {
            return Err(HashError::Failed(
                "the parameters cost too much: use at most 1 GiB of memory and fewer passes".to_owned(),
            ));
        }
        Ok(params)
    }
}

impl Default for Argon2Parameters {
    /// What OWASP's password storage sheet recommends: m=19456 (19 MiB), t=2, p=1.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, lanes: 1 }
    }
}

/// Whether a hash would take more memory or time than any that this service makes.
pub(crate) fn is_absurd(params: &Params) -> bool {
    let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
    params.m_cost() > Argon2Parameters::MAX_MEMORY_KIB || work > Argon2Parameters::MAX_WORK_KIB
}

/// How much hashing may go on at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Threads, each with the memory of one hash; 1 or more.
    pub threads: NonZeroUsize,
    /// How many passwords may wait for a thread; 1 or more.
    pub queue: NonZeroUsize,
}

impl PoolSettings {
    /// The default length of the queue: with two threads, about three seconds of waiting.
    pub const DEFAULT_QUEUE: NonZeroUsize = NonZeroUsize::new(256).unwrap();
}

impl Default for PoolSettings {
    /// One thread per CPU that the process may use, and a queue of 256.
    fn default() -> Self {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { threads, queue: Self::DEFAULT_QUEUE }
    }
}
