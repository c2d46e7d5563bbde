//! Instants as the console shows and reads them: always in UTC, to the second, with how long ago that was.

use archon_domain::Instant;
use minijinja::{Value, context};

use crate::pages::ago;

/// "5 Jan 2026, 10:00:00".
pub(super) fn stamp(instant: Instant) -> String {
    instant.format("%-d %b %Y, %H:%M:%S").to_string()
}

/// "10:00".
pub(super) fn clock(instant: Instant) -> String {
    instant.format("%H:%M").to_string()
}

/// What the macro `moment` of the templates shows.
pub(super) fn moment(instant: Instant, now: Instant) -> Value {
    let ago = if instant > now { String::new() } else { ago(instant, now) };
    context! { at => instant.to_rfc3339(), said => stamp(instant), ago }
}

/// The same for what may never have been.
pub(super) fn moment_if(instant: Option<Instant>, now: Instant) -> Value {
    instant.map_or_else(|| Value::from(()), |instant| moment(instant, now))
}

/// What a field for a time sends, in the form that programs send times in: browsers leave the seconds and the zone
/// out, and the label says that it is UTC.
pub(super) fn completed(typed: &str) -> String {
    let letters = typed.as_bytes();
    let has_form = |length: usize| letters.len() == length && letters.get(10) == Some(&b'T');
    if has_form(16) {
        format!("{typed}:00Z")
    } else if has_form(19) {
        format!("{typed}Z")
    } else {
        typed.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_send_is_completed_and_all_else_is_left() {
        assert_eq!(completed("2026-01-05T10:00"), "2026-01-05T10:00:00Z");
        assert_eq!(completed("2026-01-05T10:00:30"), "2026-01-05T10:00:30Z");
        for other in ["", "2026-01-05", "2026-01-05T10:00:00Z", "yesterday", "yesterday at te"] {
            assert_eq!(completed(other), other);
        }
    }
}
