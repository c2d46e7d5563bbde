//! What holds of every session, policy and request.

use std::net::IpAddr;

use proptest::prelude::*;

use super::script::outcome;
use crate::suspicion::trace::Haunts;
use crate::suspicion::{Location, NetworkBlock, Place, SessionTrace, Sighting, SuspicionPolicy, Verdict};
use crate::{Instant, Span, UserAgent};

/// A request as the tests draw it.
#[derive(Debug, Clone)]
struct Drawn {
    address: IpAddr,
    user_agent: UserAgent,
    at: Instant,
    known: bool,
    place: Option<Place>,
}

impl Drawn {
    fn sighting<'a>(&'a self, last_place: Option<&'a Place>) -> Sighting<'a> {
        Sighting {
            address: self.address,
            user_agent: &self.user_agent,
            at: self.at,
            known_address: self.known,
            place: self.place.as_ref(),
            last_place,
        }
    }
}

/// Few enough that sessions come back to where they were.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..24_u8, 0..3_u8).prop_map(|(block, host)| IpAddr::from([10, 0, block, host])),
        (0..24_u16, 0..3_u16)
            .prop_map(|(block, host)| IpAddr::from([0x2001, 0xdb8, block, 0, 0, 0, 0, host])),
        any::<[u8; 16]>().prop_map(IpAddr::from),
    ]
}

fn user_agent() -> impl Strategy<Value = UserAgent> {
    let browser = (120..140_u8).prop_map(|version| {
        format!("Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0")
    });
    prop_oneof![4 => browser, 1 => "[a-z]{1,4}/[0-9.]{0,30}", 1 => "\\PC{0,600}"]
        .prop_map(|text| UserAgent::new(&text))
}

fn place() -> impl Strategy<Value = Place> {
    let code = || proptest::option::of("[A-C]");
    let location = (any::<f64>(), any::<f64>(), any::<u16>());
    let on_earth = (-90.0..90.0_f64, -180.0..180.0_f64, 0..500_u16);
    let location = prop_oneof![1 => location, 9 => on_earth];
    (code(), code(), proptest::option::of(location), proptest::option::of(0..6_u32)).prop_map(
        |(country, region, location, autonomous_system)| Place {
            country,
            region,
            autonomous_system,
            location: location.map(|(latitude, longitude, accuracy_km)| Location {
                latitude,
                longitude,
                accuracy_km,
            }),
        },
    )
}

fn instant() -> impl Strategy<Value = Instant> {
    let any = i64::MIN / 4_000_000..i64::MAX / 4_000_000;
    prop_oneof![9 => 0..100_000_000_i64, 1 => any]
        .prop_map(|milliseconds| Instant::from_timestamp_millis(milliseconds).unwrap_or(Instant::MAX_UTC))
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (address(), user_agent(), instant(), any::<bool>(), proptest::option::of(place()))
        .prop_map(|(address, user_agent, at, known, place)| Drawn { address, user_agent, at, known, place })
}

fn policy() -> impl Strategy<Value = SuspicionPolicy> {
    let travel = (any::<u32>(), 0..200_u32, 0..3000_u32, proptest::collection::btree_set(0..6_u32, 0..2));
    let returns = (0..20_u32, 0..i64::MAX / 2);
    (any::<bool>(), 0..30_u32, travel, returns, any::<bool>(), 0..1_000_000_i64).prop_map(
        |(strict, threshold, (speed, slack, domestic, roaming), (allowance, recovery), programs, grace)| {
            SuspicionPolicy {
                enabled: true,
                strict_ip_validation: strict,
                ip_change_threshold: threshold,
                max_speed_kmh: speed,
                travel_slack_km: slack,
                domestic_travel_slack_km: domestic,
                roaming_systems: roaming,
                return_allowance: allowance,
                return_recovery: Span::milliseconds(recovery),
                watch_user_agent: programs,
                grace_period: Span::seconds(grace),
            }
        },
    )
}

/// Plays requests after a log-in, up to the first that is refused.
fn played(policy: &SuspicionPolicy, login: &Drawn, requests: &[Drawn]) -> (SessionTrace, Option<Place>) {
    let mut place = login.place.clone();
    let mut trace = SessionTrace::begin(login.address, &login.user_agent, place.as_ref(), login.at);
    for request in requests {
        match policy.judge(&trace, &request.sighting(place.as_ref())) {
            Verdict::Allow { trace: next } | Verdict::Flag { trace: next, .. } => trace = next,
            Verdict::LogInAgain { .. } | Verdict::End { .. } => break,
        }
        place = request.place.clone();
    }
    (trace, place)
}

/// The default policy, under which any change of address but an impossible one is let in.
fn patient() -> SuspicionPolicy {
    SuspicionPolicy { ip_change_threshold: u32::MAX, ..SuspicionPolicy::default() }
}

#[test]
fn a_stored_trace_with_too_many_networks_is_cut_to_the_latest() {
    let trace = SessionTrace::begin([10, 0, 0, 1].into(), &UserAgent::default(), None, Instant::UNIX_EPOCH);
    let mut stored = serde_json::to_value(&trace).unwrap();
    stored["haunts"] =
        (0..100).map(|block| serde_json::json!({ "block": format!("10.0.{block}.0/24") })).collect();
    let trace: SessionTrace = serde_json::from_value(stored).unwrap();
    let includes = |block: u8| trace.haunts.include(NetworkBlock::of([10, 0, block, 1].into()), None);
    assert_eq!(trace.haunts.len(), Haunts::MOST);
    assert!(includes(99) && includes(84) && !includes(83));
}

proptest! {
    #[test]
    fn the_trace_of_any_session_is_small_and_can_be_stored(
        policy in policy(), login in drawn(), requests in proptest::collection::vec(drawn(), 0..30)
    ) {
        let (trace, _) = played(&policy, &login, &requests);
        prop_assert!(trace.haunts.len() <= Haunts::MOST);
        let stored = serde_json::to_string(&trace).unwrap();
        prop_assert!(stored.len() < 6000, "{} bytes", stored.len());
        prop_assert_eq!(serde_json::from_str::<SessionTrace>(&stored).unwrap(), trace);
    }

    #[test]
    fn an_unchanged_request_is_allowed_and_changes_nothing(
        policy in policy(), login in drawn(), requests in proptest::collection::vec(drawn(), 0..10), seconds in 0..10_000_i64
    ) {
        let (trace, place) = played(&policy, &login, &requests);
        prop_assume!(trace.flag.is_none());
        let again = Drawn {
            address: trace.address,
            user_agent: trace.user_agent.clone(),
            at: trace.seen_at.checked_add_signed(Span::seconds(seconds)).unwrap_or(trace.seen_at),
            known: false,
            place: place.clone(),
        };
        prop_assert!(!trace.needs_judgement(again.address, &again.user_agent));
        let Verdict::Allow { trace: next } = policy.judge(&trace, &again.sighting(place.as_ref())) else {
            return Err(TestCaseError::fail("not allowed"));
        };
        prop_assert!(!next.is_news_after(&trace));
        prop_assert_eq!(next.seen_at, again.at);
    }

    #[test]
    fn strict_validation_is_at_least_as_severe(
        policy in policy(), login in drawn(), requests in proptest::collection::vec(drawn(), 0..10), last in drawn()
    ) {
        let lenient = SuspicionPolicy { strict_ip_validation: false, ..policy };
        let strict = SuspicionPolicy { strict_ip_validation: true, ..lenient.clone() };
        let (trace, place) = played(&lenient, &login, &requests);
        let [strict, lenient] =
            [strict, lenient].map(|policy| outcome(&policy.judge(&trace, &last.sighting(place.as_ref()))).0);
        prop_assert!(strict >= lenient, "{strict:?} is less than {lenient:?}");
    }

    #[test]
    fn a_flag_stays_whatever_follows(
        policy in policy(), login in drawn(), requests in proptest::collection::vec(drawn(), 1..20)
    ) {
        let flags: Vec<_> = (0..=requests.len())
            .map(|count| played(&policy, &login, &requests[..count]).0.flag)
            .collect();
        for two in flags.windows(2) {
            prop_assert!(two[0].is_none() || two[0] == two[1], "{two:?}");
        }
    }

    #[test]
    fn two_requests_at_one_instant_from_afar_never_both_pass(
        login in drawn(), requests in proptest::collection::vec(drawn(), 0..5), hours in 0..100_i64
    ) {
        let policy = patient();
        let (trace, place) = played(&policy, &login, &requests);
        let at = trace.seen_at.checked_add_signed(Span::hours(hours)).unwrap_or(trace.seen_at);
        let far = |address: [u8; 4], country: &str, longitude: f64, autonomous_system| Drawn {
            address: IpAddr::from(address),
            user_agent: trace.user_agent.clone(),
            at,
            known: false,
            place: Some(Place {
                country: Some(country.to_owned()),
                region: None,
                location: Some(Location { latitude: 10.0, longitude, accuracy_km: 50 }),
                autonomous_system: Some(autonomous_system),
            }),
        };
        let [here, there] = [far([10, 0, 0, 1], "A", 0.0, 101), far([10, 0, 1, 1], "B", 60.0, 102)];
        for (first, second) in [(&here, &there), (&there, &here)] {
            let trace = match policy.judge(&trace, &first.sighting(place.as_ref())) {
                Verdict::Allow { trace } | Verdict::Flag { trace, .. } => trace,
                Verdict::LogInAgain { .. } | Verdict::End { .. } => continue,
            };
            let verdict = policy.judge(&trace, &second.sighting(first.place.as_ref()));
            prop_assert!(matches!(verdict, Verdict::End { .. }), "{verdict:?}");
        }
    }
}
