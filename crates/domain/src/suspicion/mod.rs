//! Judges a request on a session whose address or user agent is not the one that was seen last.
//!
//! [`SuspicionPolicy::judge`] is the rule, [`SessionTrace`] what it remembers of a session, and [`Sighting`]
//! what a request shows. It asks nobody: what is known of the user, and where addresses are, come in as
//! values.

mod judge;
mod network;
mod place;
mod policy;
mod program;
mod reason;
mod sighting;
mod trace;

pub use judge::Verdict;
pub use network::NetworkBlock;
pub use place::{Location, Place};
pub use policy::SuspicionPolicy;
pub use reason::SuspicionReason;
pub use sighting::Sighting;
pub use trace::{SessionFlag, SessionTrace};

#[cfg(test)]
mod tests;
