//! Changes of address, without a GeoIP database and with one.

use super::script::*;
use crate::suspicion::{SuspicionPolicy, SuspicionReason};

const TOO_MANY: Outcome = flagged(SuspicionReason::TooManyIpChanges);

#[test]
#[rustfmt::skip]
fn changes_count_by_network() {
    check(&SuspicionPolicy::default(), &[
        ("same address",                       from(HOME), &[from(HOME)], ALLOWED),
        ("same address, IPv4 within IPv6",     from(HOME), &[from("::ffff:192.0.2.10")], ALLOWED),
        ("same /24",                           from(HOME), &[from("192.0.2.200")], ALLOWED),
        ("same /24, again and again",          from(HOME), &[from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3"), from("192.0.2.4")], ALLOWED),
        ("same /48",                           from(HOME_BY_IPV6), &[from("2001:db8:1:ffff::1")], ALLOWED),
        ("one change",                         from(HOME), &[from(CAFE)], ALLOWED),
        ("two changes",                        from(HOME), &[from(CAFE), from(TRAIN)], ALLOWED),
        ("three changes",                      from(HOME), &[from(CAFE), from(TRAIN), from(HOTEL)], TOO_MANY),
        ("three changes by IPv6",              from(HOME_BY_IPV6), &[from(CAFE_BY_IPV6), from(TRAIN_BY_IPV6), from("2001:db8:4::1")], TOO_MANY),
        ("three changes, one to a known one",  from(HOME), &[from(CAFE), from(TRAIN).known(), from(HOTEL)], ALLOWED),
        ("four changes, all to known ones",    from(HOME), &[from(CAFE).known(), from(TRAIN).known(), from(HOTEL).known(), from("10.9.9.9").known()], ALLOWED),
        ("back to where it began",             from(HOME), &[from(CAFE), from(HOME), from(CAFE), from(HOME), from(CAFE)], ALLOWED),
        ("back does not count, new does",      from(HOME), &[from(CAFE), from(HOME), from(TRAIN), from(HOME), from(HOTEL)], TOO_MANY),
        ("slowly rotating proxies",            from(HOME), &[from(CAFE).after_hours(20), from(TRAIN).after_hours(20), from(HOTEL).after_hours(20)], TOO_MANY),
    ]);
}

#[test]
#[rustfmt::skip]
fn ipv4_and_ipv6_of_one_client_are_one() {
    check(&SuspicionPolicy::default(), &[
        ("the other family",                   from(HOME), &[from(HOME_BY_IPV6)], ALLOWED),
        ("both in turns",                      from(HOME), &[from(HOME_BY_IPV6), from(HOME), from(HOME_BY_IPV6), from(HOME)], ALLOWED),
        ("one move on both",                   from(HOME), &[from(HOME_BY_IPV6), from(CAFE), from(CAFE_BY_IPV6)], ALLOWED),
        ("two moves on both",                  from(HOME), &[from(HOME_BY_IPV6), from(CAFE), from(CAFE_BY_IPV6), from(TRAIN_BY_IPV6), from(TRAIN)], ALLOWED),
        ("three moves on both",                from(HOME), &[from(HOME_BY_IPV6), from(CAFE), from(CAFE_BY_IPV6), from(TRAIN_BY_IPV6), from(TRAIN), from(HOTEL)], TOO_MANY),
        ("the other family elsewhere in town", from(HOME).at(BERLIN), &[from(HOME_BY_IPV6).at(BERLIN_MOBILE)], ALLOWED),
        ("the country's middle by IPv6",       from(HOME).at(BERLIN), &[from(HOME_BY_IPV6).at(("DE", "", 51.30, 9.49, 0)).after(0)], ALLOWED),
        ("the carrier's seat by IPv6",         from(HOME).at(ZURICH), &[from(HOME_BY_IPV6).at(("DE", "HE", 50.11, 8.68, 0)).after(0)], ALLOWED),
    ]);
}

#[test]
#[rustfmt::skip]
fn the_same_region_or_operator_does_not_count() {
    check(&SuspicionPolicy { ip_change_threshold: 0, ..SuspicionPolicy::default() }, &[
        ("same region",                        from(HOME).at(BERLIN), &[from(CAFE).at(BERLIN_MOBILE)], ALLOWED),
        ("same operator, another region",      from(HOME).at(BERLIN_MOBILE), &[from(CAFE).at(MUNICH_MOBILE)], ALLOWED),
        ("same region's name, other country",  from(HOME).at(("DE", "BE", 52.52, 13.41, 1)), &[from(CAFE).at(("CH", "BE", 46.95, 7.45, 2)).after_hours(9)], TOO_MANY),
        ("same country only",                  from(HOME).at(BERLIN), &[from(CAFE).at(POTSDAM)], TOO_MANY),
        ("no region known",                    from(HOME).at(("DE", "", 52.52, 13.41, 1)), &[from(CAFE).at(("DE", "", 52.52, 13.41, 2))], TOO_MANY),
        ("place of the last one unknown",      from(HOME), &[from(CAFE).at(BERLIN)], TOO_MANY),
        ("place of this one unknown",          from(HOME).at(BERLIN), &[from(CAFE)], TOO_MANY),
        ("the other family, same country",     from(HOME).at(BERLIN), &[from(HOME_BY_IPV6).at(MUNICH).after_hours(9)], ALLOWED),
        ("the other family, abroad",           from(HOME).at(BERLIN), &[from(HOME_BY_IPV6).at(ZURICH).after_hours(9)], TOO_MANY),
        ("carrier's pool of addresses",        from("10.1.0.1").at(BERLIN_MOBILE), &[from("10.2.0.1").at(BERLIN_MOBILE), from("10.3.0.1").at(MUNICH_MOBILE), from("10.4.0.1").at(BERLIN_MOBILE)], ALLOWED),
    ]);
    check(&SuspicionPolicy { ip_change_threshold: 1, ..SuspicionPolicy::default() }, &[
        ("back to a region of the session",    from(HOME).at(BERLIN), &[from(TRAIN).at(MUNICH), from(CAFE).at(BERLIN_MOBILE), from(HOTEL).at(MUNICH_MOBILE)], ALLOWED),
        ("to a third region",                  from(HOME).at(BERLIN), &[from(TRAIN).at(MUNICH), from(CAFE).at(BERLIN_MOBILE), from(HOTEL).at(KONSTANZ)], TOO_MANY),
    ]);
}

#[test]
#[rustfmt::skip]
fn strict_validation_ends_at_any_change() {
    const IP_CHANGED: Outcome = ended(SuspicionReason::IpChanged);
    check(&SuspicionPolicy { strict_ip_validation: true, ..SuspicionPolicy::default() }, &[
        ("strict, same address",               from(HOME), &[from(HOME), from(HOME)], ALLOWED),
        ("strict, IPv4 within IPv6",           from(HOME), &[from("::ffff:192.0.2.10")], ALLOWED),
        ("strict, same /24",                   from(HOME), &[from("192.0.2.11")], IP_CHANGED),
        ("strict, same /48",                   from(HOME_BY_IPV6), &[from("2001:db8:1:2::11")], IP_CHANGED),
        ("strict, known address",              from(HOME), &[from(CAFE).known()], IP_CHANGED),
        ("strict, the other family",           from(HOME), &[from(HOME_BY_IPV6)], IP_CHANGED),
        ("strict, same region",                from(HOME).at(BERLIN), &[from(CAFE).at(BERLIN_MOBILE)], IP_CHANGED),
        ("strict, another continent",          from(HOME).at(BERLIN), &[from(CAFE).at(TOKYO)], ended(SuspicionReason::ImpossibleTravel)),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_policy_that_is_off_lets_everything_pass() {
    check(&SuspicionPolicy { enabled: false, strict_ip_validation: true, ..SuspicionPolicy::default() }, &[
        ("off, another continent and program", from(HOME).at(BERLIN), &[from(CAFE).at(TOKYO).with("curl/8.5.0").after(0)], ALLOWED),
    ]);
}
