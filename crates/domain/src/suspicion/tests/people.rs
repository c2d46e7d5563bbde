//! Whole sessions, of honest people and of thieves.

use super::script::*;
use crate::suspicion::{SuspicionPolicy, SuspicionReason};

const ALTERNATING: Outcome = flagged(SuspicionReason::AlternatingAddresses);
const IMPOSSIBLE: Outcome = ended(SuspicionReason::ImpossibleTravel);

fn play(login: Step, steps: impl IntoIterator<Item = Step>) -> Outcome {
    Story::begin(&SuspicionPolicy::default(), &login).run(steps)
}

/// A day's worth of requests, taken from `steps` in turns.
fn again(steps: &[Step]) -> impl Iterator<Item = Step> + '_ {
    steps.iter().copied().cycle().take(1000)
}

#[test]
fn a_client_with_ipv4_and_ipv6_alternates_at_every_request() {
    for pause in [0, 1, 60_000] {
        let [v4, v6] = [from(HOME), from(HOME_BY_IPV6)].map(|step| step.after_milliseconds(pause));
        assert_eq!(play(v4, again(&[v6, v4])), ALLOWED);
        assert_eq!(play(v4.at(BERLIN), again(&[v6.at(BERLIN), v4.at(BERLIN)])), ALLOWED);
    }
}

#[test]
fn such_a_client_gives_the_store_nothing_to_write() {
    let mut story = Story::begin(&SuspicionPolicy::default(), &from(HOME));
    story.next(&from(HOME_BY_IPV6));
    let stored = story.trace.clone();
    story.run(again(&[from(HOME), from(HOME_BY_IPV6)]));
    assert!(!story.trace.is_news_after(&stored));
    story.next(&from(CAFE));
    assert!(story.trace.is_news_after(&stored));
}

#[test]
fn a_phone_goes_to_and_fro_between_two_carriers() {
    let [sim, other_sim] = [from(CAFE), from(TRAIN)].map(|step| step.after(180));
    assert_eq!(play(from(HOME), again(&[sim, from(HOME).known().after(180)])), ALLOWED);
    let places = [other_sim.at(MUNICH_MOBILE).after(300), sim.at(POTSDAM).after(300)];
    assert_eq!(play(sim.at(POTSDAM), again(&places)), ALLOWED);
}

#[test]
fn requests_of_both_networks_cross_while_a_phone_moves() {
    let crossing = [from(CAFE), from(HOME)].map(|step| step.after_milliseconds(90));
    let mut story = Story::begin(&SuspicionPolicy::default(), &from(HOME));
    for _ in 0..8 {
        assert_eq!(story.run(crossing.repeat(20)), ALLOWED);
        assert_eq!(story.next(&from(CAFE).after(600)), ALLOWED);
    }
}

#[test]
fn a_carrier_hands_out_its_addresses_anew_for_every_connection() {
    let pool = ["10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1"];
    let steps = pool.map(|address| from(address).at(BERLIN_MOBILE).after(1));
    assert_eq!(play(from(HOME).at(BERLIN), again(&steps)), ALLOWED);
}

#[test]
fn a_commuter_has_a_place_at_both_ends_and_a_phone_between() {
    let day = [
        from(HOME).at(POTSDAM).known().after_hours(9),
        from("10.1.0.1").at(BERLIN_MOBILE).after(1800),
        from(TRAIN).at(("DE", "HE", 50.11, 8.68, 24940)).after(300),
        from("10.2.0.1").at(MUNICH_MOBILE).after(900),
        from(CAFE).at(BERLIN).after(600),
    ];
    assert_eq!(play(from(HOME).at(POTSDAM), again(&day)), ALLOWED);
}

#[test]
fn networks_that_are_visited_often_do_not_make_others_forgotten() {
    let [cafe, train, home] = [from(CAFE), from(TRAIN), from(HOME)].map(|step| step.after(600));
    let steps = [cafe].into_iter().chain([train, home].repeat(20)).chain([cafe]);
    assert_eq!(play(home, steps), ALLOWED);
}

#[test]
fn a_train_crosses_four_regions_with_one_operator() {
    let operator = |latitude, region| ("DE", region, latitude, 11.0, 29580);
    let steps = [(52.5, "BE"), (51.3, "SN"), (50.9, "TH"), (48.1, "BY")]
        .map(|(latitude, region)| from(TRAIN).at(operator(latitude, region)).after(3600));
    assert_eq!(play(from(HOME).at(BERLIN), steps), ALLOWED);
}

#[test]
fn a_vpn_at_work_goes_on_and_off() {
    let [on, off] = [from(CAFE).at(MUNICH), from(HOME).at(BERLIN).known()].map(|step| step.after_hours(2));
    assert_eq!(play(off, again(&[on, off])), ALLOWED);
}

#[test]
fn clocks_of_replicas_differ_by_milliseconds() {
    let steps = [5, -7, 3, -4].map(|milliseconds| from(HOME).at(BERLIN).after_milliseconds(milliseconds));
    let neighbour = from("192.0.2.77").at(BERLIN).after_milliseconds(-9);
    assert_eq!(
        play(from(HOME).at(BERLIN), again(&[steps[0], neighbour, steps[1], steps[2], steps[3]])),
        ALLOWED
    );
}

#[test]
fn a_thief_and_the_owner_alternate() {
    for (pause, patience) in [(1, 120), (10, 40), (45, 80)] {
        let [thief, owner] = [from(CAFE), from(HOME).known()].map(|step| step.after(pause));
        let one_after_another = [thief, owner].repeat(patience);
        assert_eq!(play(owner, one_after_another.clone()), ALTERNATING, "{pause} s apart");
        let places = one_after_another
            .into_iter()
            .map(|step| if step.address == CAFE { step.at(MUNICH) } else { step.at(BERLIN) });
        assert_eq!(play(owner.at(BERLIN), places), ALTERNATING, "{pause} s and 500 km apart");
    }
    let [thief, owner] = [from(CAFE).at(TOKYO), from(HOME).at(BERLIN).known()].map(|step| step.after(30));
    assert_eq!(play(owner, [thief, owner]), IMPOSSIBLE);
}

#[test]
fn a_thief_who_waits_as_long_as_a_flight_is_ended_when_the_owner_goes_on() {
    let [thief, owner] = [from(CAFE).at(TOKYO), from(HOME).at(BERLIN)];
    assert_eq!(play(owner, [thief.after_hours(12), owner.known(), thief]), IMPOSSIBLE);
    assert_eq!(play(owner, [thief.after_hours(12), owner]), IMPOSSIBLE);
}

#[test]
fn proxies_that_rotate_are_flagged_however_slowly() {
    let proxies = ["10.1.0.1", "10.2.0.1", "10.3.0.1"].map(|address| from(address).after_hours(100));
    assert_eq!(play(from(HOME), proxies), flagged(SuspicionReason::TooManyIpChanges));
}

#[test]
fn going_on_does_not_clear_a_flag() {
    const REASON: SuspicionReason = SuspicionReason::UserAgentChanged;
    let mut story = Story::begin(&SuspicionPolicy::default(), &from(HOME));
    assert_eq!(story.next(&from(HOME).with("curl/8.5.0")), flagged(REASON));
    assert_eq!(story.next(&from(HOME).after(240)), ALLOWED, "the grace period");
    assert_eq!(story.next(&from(HOME).after(59)), ALLOWED, "its last second");
    assert!(story.trace.needs_judgement(from(HOME).ip(), &crate::UserAgent::new(FIREFOX)));
    for _ in 0..5 {
        assert_eq!(story.next(&from(HOME).after(1)), asked_to_log_in(REASON));
    }
    assert_eq!(story.next(&from(HOME).known().after_hours(100)), asked_to_log_in(REASON));
}

#[test]
fn a_flagged_session_is_flagged_once_and_ends_at_what_is_impossible() {
    let mut story = Story::begin(&SuspicionPolicy::default(), &from(HOME).at(BERLIN));
    story.flag(SuspicionReason::TooManyIpChanges);
    assert_eq!(story.next(&from(HOME).at(BERLIN).with("curl/8.5.0").after(1)), ALLOWED);
    assert_eq!(story.trace.flag.map(|flag| flag.reason), Some(SuspicionReason::TooManyIpChanges));
    assert_eq!(story.next(&from(CAFE).at(TOKYO).after(1)), IMPOSSIBLE);
    assert_eq!(story.next(&from(CAFE).at(TOKYO).after(600)), IMPOSSIBLE, "also after the grace period");
}
