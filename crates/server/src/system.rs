//! The machine's clock and its source of random bits: the only places that read either.

use archon_domain::Instant;
use archon_domain::ports::{Clock, Entropy};
use chrono::{DateTime, SubsecRound as _};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the adapter that everything else gets the time from")]
    fn now(&self) -> Instant {
        DateTime::from(std::time::SystemTime::now()).trunc_subsecs(6)
    }
}

/// The operating system's random generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // A service that cannot draw secrets must not go on with guessable ones.
            tracing::error!(%error, "the operating system yields no random bits; stopping");
            std::process::abort();
        }
    }
}
