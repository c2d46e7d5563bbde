//! The words that the tables of cases are written in.

use std::net::IpAddr;

use crate::suspicion::{
    Location, Place, SessionFlag, SessionTrace, Sighting, SuspicionPolicy, SuspicionReason, Verdict,
};
use crate::{Instant, Span, UserAgent};

/// A city and an operator there, as a GeoIP database has them: country, region, where, operator.
pub(super) type City = (&'static str, &'static str, f64, f64, u32);

pub(super) const BERLIN: City = ("DE", "BE", 52.52, 13.41, 3320);
pub(super) const BERLIN_MOBILE: City = ("DE", "BE", 52.52, 13.41, 12638);
pub(super) const POTSDAM: City = ("DE", "BB", 52.39, 13.06, 8881);
pub(super) const MUNICH: City = ("DE", "BY", 48.14, 11.58, 8767);
pub(super) const MUNICH_MOBILE: City = ("DE", "BY", 48.14, 11.58, 12638);
pub(super) const ZURICH: City = ("CH", "ZH", 47.38, 8.54, 3303);
pub(super) const KONSTANZ: City = ("DE", "BW", 47.66, 9.18, 680);
pub(super) const NEW_YORK: City = ("US", "NY", 40.71, -74.01, 701);
pub(super) const DALLAS: City = ("US", "TX", 32.78, -96.80, 21928);
pub(super) const DENVER: City = ("US", "CO", 39.74, -104.99, 7922);
pub(super) const LOS_ANGELES: City = ("US", "CA", 34.05, -118.24, 20001);
pub(super) const TOKYO: City = ("JP", "13", 35.68, 139.76, 4713);

pub(super) const HOME: &str = "192.0.2.10";
pub(super) const HOME_BY_IPV6: &str = "2001:db8:1:2::10";
pub(super) const CAFE: &str = "198.51.100.20";
pub(super) const CAFE_BY_IPV6: &str = "2001:db8:2:2::20";
pub(super) const TRAIN: &str = "203.0.113.30";
pub(super) const TRAIN_BY_IPV6: &str = "2001:db8:3:2::30";
pub(super) const HOTEL: &str = "10.1.1.1";

pub(super) const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// What must become of the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Expected {
    Allowed,
    Flagged,
    AskedToLogIn,
    Ended,
}

pub(super) type Outcome = (Expected, Option<SuspicionReason>);

pub(super) const ALLOWED: Outcome = (Expected::Allowed, None);

pub(super) const fn flagged(reason: SuspicionReason) -> Outcome {
    (Expected::Flagged, Some(reason))
}

pub(super) const fn asked_to_log_in(reason: SuspicionReason) -> Outcome {
    (Expected::AskedToLogIn, Some(reason))
}

pub(super) const fn ended(reason: SuspicionReason) -> Outcome {
    (Expected::Ended, Some(reason))
}

pub(super) fn outcome(verdict: &Verdict) -> Outcome {
    match verdict {
        Verdict::Allow { .. } => ALLOWED,
        Verdict::Flag { reason, .. } => flagged(*reason),
        Verdict::LogInAgain { reason } => asked_to_log_in(*reason),
        Verdict::End { reason } => ended(*reason),
    }
}

/// One request: `seconds` after the one before, with what is known of its address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) address: &'static str,
    pub(super) city: Option<City>,
    pub(super) accuracy_km: u16,
    pub(super) known: bool,
    pub(super) user_agent: &'static str,
    pub(super) milliseconds: i64,
}

/// A request a minute after the one before, from an address of which nothing is known.
pub(super) const fn from(address: &'static str) -> Step {
    Step { address, city: None, accuracy_km: 0, known: false, user_agent: FIREFOX, milliseconds: 60_000 }
}

impl Step {
    pub(super) const fn at(self, city: City) -> Self {
        Self { city: Some(city), ..self }
    }

    pub(super) const fn known(self) -> Self {
        Self { known: true, ..self }
    }

    pub(super) const fn with(self, user_agent: &'static str) -> Self {
        Self { user_agent, ..self }
    }

    /// How far off the place may be.
    pub(super) const fn within(self, accuracy_km: u16) -> Self {
        Self { accuracy_km, ..self }
    }

    pub(super) const fn after_milliseconds(self, milliseconds: i64) -> Self {
        Self { milliseconds, ..self }
    }

    pub(super) const fn after(self, seconds: i64) -> Self {
        self.after_milliseconds(seconds * 1000)
    }

    pub(super) const fn after_hours(self, hours: i64) -> Self {
        self.after(hours * 3600)
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.address.parse().unwrap()
    }

    pub(super) fn place(&self) -> Option<Place> {
        let known = |code: &str| (!code.is_empty()).then(|| code.to_owned());
        self.city.map(|(country, region, latitude, longitude, system)| Place {
            country: known(country),
            region: known(region),
            location: Some(Location { latitude, longitude, accuracy_km: self.accuracy_km }),
            autonomous_system: (system != 0).then_some(system),
        })
    }
}

/// A session: what it remembers, and where its last request came from.
pub(super) struct Story {
    pub(super) policy: SuspicionPolicy,
    pub(super) trace: SessionTrace,
    place: Option<Place>,
    now: Instant,
}

impl Story {
    pub(super) fn begin(policy: &SuspicionPolicy, login: &Step) -> Self {
        let (place, now) = (login.place(), Instant::UNIX_EPOCH + Span::days(20_000));
        let trace = SessionTrace::begin(login.ip(), &UserAgent::new(login.user_agent), place.as_ref(), now);
        Self { policy: policy.clone(), trace, place, now }
    }

    /// Judges the next request. The trace goes on as a store would keep it.
    pub(super) fn next(&mut self, step: &Step) -> Outcome {
        let place = step.place();
        self.now += Span::milliseconds(step.milliseconds);
        let verdict = self.policy.judge(
            &self.trace,
            &Sighting {
                address: step.ip(),
                user_agent: &UserAgent::new(step.user_agent),
                at: self.now,
                known_address: step.known,
                place: place.as_ref(),
                last_place: self.place.as_ref(),
            },
        );
        let outcome = outcome(&verdict);
        if let Verdict::Allow { trace } | Verdict::Flag { trace, .. } = verdict {
            (self.trace, self.place) = (trace, place);
        }
        outcome
    }

    /// Flags the session as of now.
    pub(super) fn flag(&mut self, reason: SuspicionReason) {
        self.trace.flag = Some(SessionFlag { at: self.now, reason });
    }

    /// Judges one request after another, up to the first that is not simply allowed.
    pub(super) fn run(&mut self, steps: impl IntoIterator<Item = Step>) -> Outcome {
        steps.into_iter().map(|step| self.next(&step)).find(|outcome| *outcome != ALLOWED).unwrap_or(ALLOWED)
    }
}

/// A row of a table: a log-in, the requests that follow it, and what becomes of the last of them. Those
/// before it must be allowed.
pub(super) type Row<'a> = (&'a str, Step, &'a [Step], Outcome);

/// Plays every row, and names all that come out differently.
pub(super) fn check(policy: &SuspicionPolicy, rows: &[Row<'_>]) {
    let mut wrong = Vec::new();
    for (name, login, steps, expected) in rows {
        let mut story = Story::begin(policy, login);
        let outcomes: Vec<Outcome> = steps.iter().map(|step| story.next(step)).collect();
        let Some((last, before)) = outcomes.split_last() else { panic!("{name}: no request") };
        if last != expected || before.iter().any(|outcome| *outcome != ALLOWED) {
            wrong.push(format!("{name}: {outcomes:?}, expected {expected:?} of the last"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
