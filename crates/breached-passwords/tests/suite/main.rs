//! Range queries against a real server on this machine.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod answers;
mod machine;
mod mirror;
mod refusals;
mod secrecy;

use archon_breached_passwords::{RangeQuery, RangeQuerySettings};
use archon_domain::Password;

/// A password whose SHA-1 is `5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8`.
fn breached() -> Password {
    Password::new("password")
}

/// The digits of [`breached`] that stay here.
const SUFFIX: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

/// The digits of some other password that begins alike.
const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65";

fn query(url: &str) -> RangeQuery {
    RangeQuery::new(RangeQuerySettings::new(url)).unwrap()
}
