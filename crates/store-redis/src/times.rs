//! Instants and lengths of time as Redis keeps them.

use archon_domain::{Instant, Span};

/// The largest whole number that every script can calculate with: microseconds until the year 2255.
const LARGEST: i64 = (1 << 53) - 1;
/// The longest that a key lives: what expires later is judged by its instant alone.
const LONGEST_LIFE: Span = Span::days(3650);

/// An instant in microseconds since 1970.
pub(crate) fn micros(instant: Instant) -> i64 {
    instant.timestamp_micros().clamp(-LARGEST, LARGEST)
}

/// A length of time in microseconds.
pub(crate) fn length(span: Span) -> i64 {
    span.num_microseconds().unwrap_or(LARGEST).clamp(0, LARGEST)
}

/// What [`micros`] has written; what nobody can have written is as near to it as it gets.
pub(crate) fn instant(micros: i64) -> Instant {
    Instant::from_timestamp_micros(micros.clamp(-LARGEST, LARGEST)).unwrap_or_default()
}

/// An instant as people read it, to the microsecond.
pub(crate) fn text(instant: Instant) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// What [`text`] has written.
pub(crate) fn read(text: &str) -> Option<Instant> {
    Some(chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// For how many milliseconds a key lives that is over at `end`, rounded up; at least one.
pub(crate) fn lifetime(end: Instant, now: Instant) -> i64 {
    ((length((end - now).min(LONGEST_LIFE)) + 999) / 1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_survive_to_the_microsecond() {
        for exact in [1_772_368_496_789_123, 0, -1, LARGEST] {
            let at = instant(exact);
            assert_eq!((micros(at), read(&text(at))), (exact, Some(at)));
        }
        assert_eq!(text(instant(1_772_368_496_789_120)), "2026-03-01T12:34:56.789120Z");
        assert_eq!(micros(Instant::MAX_UTC), LARGEST);
        assert_eq!(instant(i64::MIN), instant(-LARGEST));
    }

    #[test]
    fn a_key_lives_as_long_as_it_holds_and_never_for_ever() {
        let now = Instant::UNIX_EPOCH;
        assert_eq!(lifetime(now + Span::microseconds(1500), now), 2);
        assert_eq!(lifetime(now, now), 1);
        assert_eq!(lifetime(now - Span::days(1), now), 1);
        assert_eq!(lifetime(Instant::MAX_UTC, now), LONGEST_LIFE.num_milliseconds());
    }
}
