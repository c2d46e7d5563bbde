use super::program::{Program, Succession};
use super::trace::Returns;
use super::{NetworkBlock, SessionFlag, SessionTrace, Sighting, SuspicionPolicy, SuspicionReason};
use crate::Span;

/// What becomes of a request, and of its session.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It may go on.
    Allow {
        /// What to remember.
        trace: SessionTrace,
    },
    /// It may go on for the grace period; the session has become suspicious with this request.
    Flag {
        /// What to remember.
        trace: SessionTrace,
        /// Why.
        reason: SuspicionReason,
    },
    /// The session was flagged and the grace period is over: its user must log in anew.
    LogInAgain {
        /// Why it was flagged.
        reason: SuspicionReason,
    },
    /// The session ends at once.
    End {
        /// Why.
        reason: SuspicionReason,
    },
}

/// Where a request comes from, seen from the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    /// From the network that its leg was at.
    Stayed,
    /// From another network, with a reason not to count it.
    Explained,
    /// From a network that the session had left.
    Returned,
    /// From a network that is new to the session.
    Changed,
}

/// Returns that follow sooner are one: requests of both networks cross while a client moves.
const HANDOVER: Span = Span::seconds(5);

impl SuspicionPolicy {
    /// Judges a request on a session that is live.
    ///
    /// A session that is flagged stays so, whatever its later requests show.
    ///
    /// Whoever calls this must see to three things:
    /// - A request that [needs no judgement](SessionTrace::needs_judgement) need not come here, but the trace
    ///   must learn [until when the last address was in use](SessionTrace::used_until), or a thief gets the
    ///   time to have travelled.
    /// - A flag is never taken back: where two requests were judged at once, the trace that has one is kept.
    /// - Networks become known to a user by log-ins, never by the requests of a session, which may be stolen.
    #[must_use]
    pub fn judge(&self, trace: &SessionTrace, sighting: &Sighting<'_>) -> Verdict {
        if !self.enabled {
            return Verdict::Allow { trace: trace.clone() };
        }
        if let Some(reason) = self.reason_to_end(trace, sighting) {
            return Verdict::End { reason };
        }
        if let Some(flag) = trace.flag
            && sighting.at - flag.at >= self.grace_period
        {
            return Verdict::LogInAgain { reason: flag.reason };
        }
        let mut trace = trace.clone();
        let moved = trace.movement(sighting);
        let program = self.reason_in_program(&mut trace, sighting, moved);
        let reason = program.or(self.reason_in_movement(&mut trace, sighting, moved));
        trace.address = sighting.address;
        trace.seen_at = trace.seen_at.max(sighting.at);
        match reason {
            Some(reason) if trace.flag.is_none() => {
                trace.flag = Some(SessionFlag { at: sighting.at, reason });
                Verdict::Flag { trace, reason }
            }
            _ => Verdict::Allow { trace },
        }
    }

    fn reason_to_end(&self, trace: &SessionTrace, sighting: &Sighting<'_>) -> Option<SuspicionReason> {
        if trace.was_at(sighting.address) {
            None
        } else if self.travel_is_impossible(trace, sighting) {
            Some(SuspicionReason::ImpossibleTravel)
        } else {
            self.strict_ip_validation.then_some(SuspicionReason::IpChanged)
        }
    }

    /// Whether nobody can have come from the last address to this one. Also asked of networks that the
    /// session has been at: whoever left one cannot be back at once.
    fn travel_is_impossible(&self, trace: &SessionTrace, sighting: &Sighting<'_>) -> bool {
        let Some((from, to)) = sighting.places() else { return false };
        let Some((here, there)) = from.location.zip(to.location) else { return false };
        let roams = |system: Option<u32>| system.is_some_and(|system| self.roaming_systems.contains(&system));
        if sighting.known_address
            || from.shares_surroundings(to)
            || roams(from.autonomous_system)
            || roams(to.autonomous_system)
            || NetworkBlock::of(trace.address) == sighting.block()
        {
            return false;
        }
        let other_family =
            trace.address.to_canonical().is_ipv4() != sighting.address.to_canonical().is_ipv4();
        let wide = other_family || from.shares_country(to);
        let slack = if wide { self.domestic_travel_slack_km } else { self.travel_slack_km };
        let inaccuracy = f64::from(here.accuracy_km) + f64::from(there.accuracy_km);
        // Clocks of replicas differ: a request from before the last one is as far from it in time.
        let hours = (sighting.at - trace.seen_at).abs().as_seconds_f64() / 3600.0;
        here.kilometres_to(&there) - inaccuracy - f64::from(slack) > f64::from(self.max_speed_kmh) * hours
    }

    fn reason_in_program(
        &self,
        trace: &mut SessionTrace,
        sighting: &Sighting<'_>,
        moved: Move,
    ) -> Option<SuspicionReason> {
        if !self.watch_user_agent || trace.user_agent == *sighting.user_agent {
            return None;
        }
        match Program::of(&trace.user_agent).succession(&Program::of(sighting.user_agent)) {
            Succession::Same => None,
            Succession::Upgrade => {
                // From now on the version that was stolen is an old one.
                trace.user_agent = sighting.user_agent.clone();
                None
            }
            Succession::DesktopMode if moved == Move::Stayed => None,
            Succession::DesktopMode | Succession::Other => Some(SuspicionReason::UserAgentChanged),
        }
    }

    fn reason_in_movement(
        &self,
        trace: &mut SessionTrace,
        sighting: &Sighting<'_>,
        moved: Move,
    ) -> Option<SuspicionReason> {
        if moved == Move::Stayed {
            return None;
        }
        trace.settle(sighting.address, sighting.place);
        match moved {
            Move::Stayed | Move::Explained => None,
            Move::Returned => {
                self.returns_too_often(trace, sighting).then_some(SuspicionReason::AlternatingAddresses)
            }
            Move::Changed => {
                if let Some(leg) = trace.legs.of_mut(sighting.address) {
                    leg.changes = leg.changes.saturating_add(1);
                }
                (trace.changes() > self.ip_change_threshold).then_some(SuspicionReason::TooManyIpChanges)
            }
        }
    }

    /// Counts a return, and says whether there were too many of them in too short a time.
    ///
    /// One client changes its network now and then; two people who use one session do it all the time.
    fn returns_too_often(&self, trace: &mut SessionTrace, sighting: &Sighting<'_>) -> bool {
        let now = sighting.at;
        let before = trace.returns;
        if before.is_some_and(|returns| (now - returns.last_at).abs() < HANDOVER) {
            return false;
        }
        let remembered = before.map_or(now, |returns| returns.forgotten_at.max(now));
        let forgotten_at = remembered.checked_add_signed(self.return_recovery).unwrap_or(remembered);
        trace.returns = Some(Returns { last_at: now, forgotten_at });
        let allowance = self.return_recovery.num_milliseconds().saturating_mul(self.return_allowance.into());
        (forgotten_at - now).num_milliseconds() > allowance
    }
}

impl SessionTrace {
    /// Where a request comes from, seen from the session.
    fn movement(&self, sighting: &Sighting<'_>) -> Move {
        let block = sighting.block();
        let leg = self.legs.of(sighting.address);
        let abroad = sighting.places().is_some_and(|(last, place)| place.is_abroad_of(last));
        let beside_last = sighting.places().is_some_and(|(last, place)| place.shares_surroundings(last));
        // The first network of the other address family is the same client's, unless it is in another
        // country.
        let other_leg = leg.is_none() && !abroad;
        if leg.is_some_and(|leg| leg.block == block) {
            Move::Stayed
        } else if sighting.known_address || other_leg || beside_last {
            Move::Explained
        } else if self.haunts.include(block, sighting.place) {
            Move::Returned
        } else {
            Move::Changed
        }
    }
}
