//! Journeys that are possible, and such that are not.

use std::collections::BTreeSet;

use super::script::*;
use crate::suspicion::{SuspicionPolicy, SuspicionReason};

const IMPOSSIBLE: Outcome = ended(SuspicionReason::ImpossibleTravel);

#[test]
#[rustfmt::skip]
fn nobody_travels_faster_than_aeroplanes() {
    check(&SuspicionPolicy::default(), &[
        ("another continent at once",          from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after(0)], IMPOSSIBLE),
        ("another continent in an hour",       from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_hours(1)], IMPOSSIBLE),
        ("another continent in nine hours",    from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_hours(9)], IMPOSSIBLE),
        ("another continent in ten hours",     from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_hours(10)], ALLOWED),
        ("a flight, and back at once",         from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_hours(13), from(HOME).at(BERLIN)], IMPOSSIBLE),
        ("a flight, and to a known VPN",       from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_hours(13), from(HOME).at(BERLIN).known()], ALLOWED),
        ("a known VPN, and off again",         from(HOME).at(BERLIN), &[from(CAFE).at(NEW_YORK).known(), from(HOME).at(BERLIN).known()], ALLOWED),
        ("an unknown VPN abroad",              from(HOME).at(BERLIN), &[from(CAFE).at(NEW_YORK)], IMPOSSIBLE),
        ("another continent by IPv6",          from(HOME).at(BERLIN), &[from(HOME_BY_IPV6).at(TOKYO)], IMPOSSIBLE),
        ("another continent in a /24",         from(HOME).at(BERLIN), &[from("192.0.2.11").at(TOKYO)], ALLOWED),
        ("another continent, same operator",   from(HOME).at(("DE", "BE", 52.52, 13.41, 13335)), &[from(HOTEL).at(("JP", "13", 35.68, 139.76, 13335))], ALLOWED),
        ("from an unknown place",              from(HOME), &[from(HOTEL).at(TOKYO)], ALLOWED),
        ("to an unknown place",                from(HOME).at(BERLIN), &[from(HOTEL)], ALLOWED),
        ("over the border, 60 km at once",     from(HOME).at(KONSTANZ), &[from(CAFE).at(ZURICH).after(0)], ALLOWED),
        ("over the border, 660 km at once",    from(HOME).at(BERLIN), &[from(CAFE).at(ZURICH).after(0)], IMPOSSIBLE),
        ("over the border, by train",          from(HOME).at(BERLIN), &[from(TRAIN).at(ZURICH).after_hours(9)], ALLOWED),
        ("over the border, badly located",     from(HOME).at(BERLIN), &[from(CAFE).at(ZURICH).within(600).after(0)], ALLOWED),
        ("over the ocean, badly located",      from(HOME).at(BERLIN), &[from(CAFE).at(NEW_YORK).within(1000).after(0)], IMPOSSIBLE),
        ("out of the house, by mobile",        from(HOME).at(DENVER), &[from(TRAIN).at(DALLAS).after(5)], ALLOWED),
        ("from coast to coast at once",        from(HOME).at(NEW_YORK), &[from(HOTEL).at(LOS_ANGELES).after(600)], IMPOSSIBLE),
        ("from coast to coast by air",         from(HOME).at(NEW_YORK), &[from(HOTEL).at(LOS_ANGELES).after_hours(6)], ALLOWED),
        ("over the date line",                 from(HOME).at(("FJ", "", -17.7, 179.9, 1)), &[from(CAFE).at(("TV", "", -17.7, -179.9, 2)).after(0)], ALLOWED),
        ("a clock that is behind",             from(HOME).at(BERLIN), &[from("192.0.2.11").at(BERLIN).after_milliseconds(-7)], ALLOWED),
        ("abroad, by a clock that is behind",  from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_milliseconds(-7)], IMPOSSIBLE),
        ("abroad, by a request hours late",    from(HOME).at(BERLIN), &[from(HOTEL).at(TOKYO).after_hours(-12)], ALLOWED),
        ("a late request gives a thief no time", from(HOME).at(BERLIN), &[from("192.0.2.11").at(BERLIN).after_hours(-11), from(HOTEL).at(TOKYO).after(11 * 3600 + 1)], IMPOSSIBLE),
        ("places that are not on earth",       from(HOME).at(BERLIN), &[from(HOTEL).at(("XX", "", f64::NAN, f64::INFINITY, 2)).after(0)], ALLOWED),
    ]);
}

#[test]
#[rustfmt::skip]
fn some_networks_say_nothing_of_where_a_client_is() {
    let vpn = SuspicionPolicy { roaming_systems: BTreeSet::from([701]), ..SuspicionPolicy::default() };
    check(&vpn, &[
        ("the company's VPN, on and off",      from(HOME).at(BERLIN), &[from(CAFE).at(NEW_YORK).after(0), from(HOME).at(BERLIN).after(0)], ALLOWED),
        ("another operator abroad",            from(HOME).at(BERLIN), &[from(CAFE).at(TOKYO).after(0)], IMPOSSIBLE),
    ]);
    check(&SuspicionPolicy { ip_change_threshold: 0, ..vpn }, &[
        ("the change to the VPN counts",       from(HOME).at(BERLIN), &[from(CAFE).at(NEW_YORK).after(0)], flagged(SuspicionReason::TooManyIpChanges)),
    ]);
}

#[test]
fn a_session_in_use_gives_a_thief_no_time_to_have_travelled() {
    let mut story = Story::begin(&SuspicionPolicy::default(), &from(HOME).at(BERLIN));
    story.trace.used_until(story.trace.seen_at + crate::Span::hours(24));
    assert_eq!(story.next(&from(HOTEL).at(TOKYO).after_hours(24)), IMPOSSIBLE);
}
