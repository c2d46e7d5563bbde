//! Times and reasons as people read them.

use archon_domain::{Instant, PasswordPolicy, Span};

/// "5 minutes ago".
pub(crate) fn ago(then: Instant, now: Instant) -> String {
    match (now - then).num_seconds() {
        ..60 => "just now".to_owned(),
        seconds => format!("{} ago", length(seconds)),
    }
}

/// "40 seconds", "5 minutes", "2 hours", "3 days": the largest unit that fits, rounded down.
fn length(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let unit = units.into_iter().find(|(size, _)| seconds >= *size);
    let (size, name) = unit.unwrap_or((1, "second"));
    match seconds / size {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

/// When to come back, never too early: "in 40 seconds", "in 30 minutes, at 10:35 UTC", "on 6 January 2026,
/// 10:35 UTC".
pub(crate) fn in_so_long(seconds: i64, now: Instant) -> String {
    let minutes = (seconds + 59) / 60;
    // Up to the next whole minute, since no seconds are said.
    let at = now + Span::seconds(seconds + 59);
    match seconds {
        ..=1 => "in 1 second".to_owned(),
        2..100 => format!("in {seconds} seconds"),
        100..7200 => format!("in {minutes} minutes, at {} UTC", at.format("%H:%M")),
        7200..43_200 => format!("at {} UTC", at.format("%H:%M")),
        _ => format!("on {}", date(at)),
    }
}

/// "5 January 2026, 10:00 UTC".
pub(crate) fn date(instant: Instant) -> String {
    instant.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// "At least 8 characters, with a digit and one of !@#."
pub(crate) fn password_rules(policy: &PasswordPolicy) -> String {
    let symbol = format!("one of {}", PasswordPolicy::SYMBOLS);
    let classes = [
        (policy.require_uppercase, "an upper-case letter"),
        (policy.require_lowercase, "a lower-case letter"),
        (policy.require_digit, "a digit"),
        (policy.require_symbol, &symbol),
    ];
    let wanted: Vec<&str> =
        classes.into_iter().filter_map(|(is_wanted, class)| is_wanted.then_some(class)).collect();
    let length = format!("At least {} characters", policy.min_length);
    match wanted.split_last() {
        None => format!("{length}."),
        Some((only, [])) => format!("{length}, with {only}"),
        Some((last, others)) => format!("{length}, with {} and {last}", others.join(", ")),
    }
}

/// A sentence made of a fragment such as "must not be empty".
pub(crate) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_largest_unit_that_fits() {
        let now = Instant::from_timestamp(1_767_607_200, 0).unwrap();
        let said = |seconds: i64| ago(now - Span::seconds(seconds), now);
        assert_eq!([said(-5), said(59), said(60)], ["just now", "just now", "1 minute ago"]);
        assert_eq!([said(7199), said(7200), said(86_400 * 3)], ["1 hour ago", "2 hours ago", "3 days ago"]);
        assert_eq!(in_so_long(0, now), "in 1 second");
        assert_eq!(in_so_long(99, now), "in 99 seconds");
        assert_eq!(in_so_long(100, now), "in 2 minutes, at 10:02 UTC");
        assert_eq!(in_so_long(7200, now), "at 12:00 UTC");
        assert_eq!(in_so_long(86_400, now), "on 6 January 2026, 10:00 UTC");
        assert_eq!(in_so_long(1800, now), "in 30 minutes, at 10:30 UTC");
        assert_eq!(in_so_long(1741, now), "in 30 minutes, at 10:30 UTC");
        assert_eq!(date(now), "5 January 2026, 10:00 UTC");
        assert_eq!(sentence("must not be empty"), "Must not be empty.");
        assert_eq!(sentence(""), ".");
    }
}
