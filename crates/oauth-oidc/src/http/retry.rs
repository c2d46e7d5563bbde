//! When a request is sent again.

use std::time::Duration;

use archon_domain::{Instant, Span};
use openidconnect::http::HeaderMap;

/// How often a request is sent again, at most.
pub(super) const MAX_RETRIES: u32 = 3;

/// The wait before the first retry; doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Which setbacks a request may be sent again after. Every request is where no connection was made, and after an
/// answer of 429 or 5xx: that hands out no tokens, so even a code that was spent by it is lost to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Also when nobody knows what became of the request: it only asks for something.
    Always,
    /// Not when the connection broke or the answer did not come: the provider may be at it still, and a code
    /// that is shown to it twice is a theft in its eyes (RFC 6749 section 4.1.2).
    UnlessInDoubt,
}

/// The wait before a retry: doubled with each, and shortened by up to a half, by chance (0 to 1), so that those
/// who failed together do not come back together.
pub(super) fn backoff(retries: u32, chance: f64) -> Duration {
    (FIRST_WAIT * 2_u32.pow(retries.min(MAX_RETRIES))).mul_f64(1.0 - 0.5 * chance.clamp(0.0, 1.0))
}

/// How long an answer asks to be left alone: `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3),
/// or GitHub's `X-RateLimit-Reset` when nothing remains.
pub(super) fn asked_to_wait(headers: &HeaderMap, now: Instant) -> Option<Span> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = match header("retry-after") {
        Some(text) => match text.parse::<u32>() {
            Ok(seconds) => Span::seconds(seconds.into()),
            Err(_) => chrono::DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now,
        },
        None if header("x-ratelimit-remaining") == Some("0") => {
            Instant::from_timestamp(header("x-ratelimit-reset")?.parse().ok()?, 0)? - now
        }
        None => return None,
    };
    Some(asked.max(Span::zero()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_and_are_shortened_by_chance() {
        let waits = |chance: f64| (0..3).map(move |retries| backoff(retries, chance).as_millis());
        assert!(waits(0.0).eq([250, 500, 1000]));
        assert!(waits(1.0).eq([125, 250, 500]));
    }

    #[test]
    fn providers_say_in_several_ways_when_to_come_back() {
        let now = Instant::from_timestamp(1_000_000_000, 0).unwrap();
        let asked = |headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            asked_to_wait(&headers.collect(), now).map(|wait| wait.num_seconds())
        };
        assert_eq!(asked(&[("retry-after", "7")]), Some(7));
        assert_eq!(asked(&[("retry-after", "Sun, 09 Sep 2001 01:46:45 GMT")]), Some(5));
        assert_eq!(asked(&[("retry-after", "Sun, 09 Sep 2001 01:46:35 GMT")]), Some(0));
        assert_eq!(asked(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000009")]), Some(9));
        assert_eq!(asked(&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "1000000009")]), None);
        for nonsense in ["", "soon", "-1", "99999999999999999999"] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense:?}");
        }
        assert_eq!(asked(&[]), None);
    }

    proptest! {
        #[test]
        fn nothing_that_a_provider_says_is_a_wait_into_the_past(
            after in "\\PC{0,40}|[0-9]{1,20}",
            reset in "-?[0-9]{1,20}",
            limited in any::<bool>(),
        ) {
            let mut headers = HeaderMap::new();
            let name = if limited { "x-ratelimit-reset" } else { "retry-after" };
            if let Ok(value) = (if limited { reset } else { after }).parse() {
                headers.insert(name, value);
            }
            headers.insert("x-ratelimit-remaining", "0".parse().unwrap());
            let wait = asked_to_wait(&headers, Instant::from_timestamp(1_800_000_000, 0).unwrap());
            prop_assert!(wait.is_none_or(|wait| wait >= Span::zero() && wait.to_std().is_ok()));
        }
    }
}
