//! Watches where the requests of a session come from, so that a stolen token is noticed.

mod new_device;
mod record;

use std::net::IpAddr;

use archon_domain::{
    Client, ClientNetwork, Instant, Place, Session, SessionStanding, SessionTrace, Sighting, StoreError,
    SuspicionReason, TerminationReason, Verdict,
};

use crate::{Auth, Fault};

/// How often a request is judged anew because another one of its session was judged at the same time.
const LOOKS: usize = 3;

impl Auth {
    /// Judges a request on a session that is live; says where the session stands afterwards.
    ///
    /// A client that shows the address and the program that were seen last costs a comparison, and nothing is
    /// asked of any store. A store that fails ends no session: what was seen is then not remembered.
    ///
    /// # Errors
    /// When the session has to end and the store cannot do so: the request must not go on.
    pub(crate) async fn watch(
        &self,
        session: &mut Session,
        client: &Client,
        now: Instant,
    ) -> Result<SessionStanding, Fault> {
        let is_usual = !session.trace.needs_judgement(client.address, &client.user_agent);
        if is_usual || !self.policy.suspicion.enabled {
            return Ok(SessionStanding::Live);
        }
        // What was handed in may be the fast store's copy, and only the durable store says no.
        let mut is_durable = false;
        for _ in 0..LOOKS {
            let (trace, flagged) = match self.judge(session, client, now).await {
                Verdict::Allow { trace } => (trace, None),
                Verdict::Flag { trace, reason } => (trace, Some(reason)),
                Verdict::LogInAgain { reason } | Verdict::End { reason } if is_durable => {
                    return self.end_suspicious(session, reason, client, now).await;
                }
                Verdict::LogInAgain { .. } | Verdict::End { .. } => {
                    is_durable = true;
                    match self.look_again(session, now).await? {
                        SessionStanding::Live => continue,
                        standing => return Ok(standing),
                    }
                }
            };
            if self.remember(session, trace, flagged, client, now).await {
                break;
            }
            is_durable = true;
            match self.look_again(session, now).await {
                Ok(SessionStanding::Live) => {}
                Ok(standing) => return Ok(standing),
                Err(error) => {
                    warn("what became of a session meanwhile is not known", &error);
                    break;
                }
            }
        }
        Ok(SessionStanding::Live)
    }

    /// Reads a session anew, and says where it stands now.
    async fn look_again(&self, session: &mut Session, now: Instant) -> Result<SessionStanding, StoreError> {
        let Some(found) = self.ports.sessions.find(&session.id).await? else {
            return Ok(SessionStanding::Expired);
        };
        *session = found;
        self.touches.bring_up_to_date(session);
        Ok(session.standing(now))
    }

    /// Where an address is, if a database knows.
    pub(crate) fn locate(&self, address: IpAddr) -> Option<Place> {
        self.ports.locator.as_ref()?.locate(address)
    }

    /// The verdict on a request. Whether its network is known to the user is asked only where it matters.
    async fn judge(&self, session: &Session, client: &Client, now: Instant) -> Verdict {
        let mut trace = session.trace.clone();
        trace.used_until(session.last_accessed);
        let (place, last_place) = (self.locate(client.address), self.locate(trace.address));
        let sighting = Sighting {
            address: client.address,
            user_agent: &client.user_agent,
            at: now,
            known_address: false,
            place: place.as_ref(),
            last_place: last_place.as_ref(),
        };
        let policy = &self.policy.suspicion;
        let verdict = policy.judge(&trace, &sighting);
        let may_be_milder = match &verdict {
            Verdict::Allow { trace: after } => after.is_news_after(&trace),
            Verdict::Flag { .. } | Verdict::End { .. } => true,
            Verdict::LogInAgain { .. } => false,
        };
        if !may_be_milder {
            return verdict;
        }
        let since = now - self.policy.known_network_for;
        let network = ClientNetwork::of(client.address);
        let if_known = || policy.judge(&trace, &Sighting { known_address: true, ..sighting });
        match self.ports.users.knows_network(session.user, network, since).await {
            Ok(true) => if_known(),
            Ok(false) => verdict,
            Err(error) => {
                warn("whether a network is known to a user is not known", &error);
                in_doubt(if_known(), session)
            }
        }
    }

    /// Has the store take over what a request has shown, if that is anything new; false when another request was
    /// faster. Whoever flags the session first records it.
    async fn remember(
        &self,
        session: &mut Session,
        trace: SessionTrace,
        flagged: Option<SuspicionReason>,
        client: &Client,
        now: Instant,
    ) -> bool {
        if !trace.is_news_after(&session.trace) {
            return true;
        }
        match self.ports.sessions.observe(&session.id, &session.trace, &trace, now).await {
            Ok(true) => {
                if let Some(reason) = flagged {
                    self.record_flag(session, reason, client).await;
                }
                session.trace = trace;
                true
            }
            Ok(false) => false,
            Err(error) => {
                warn("what a request has shown of its session is not remembered", &error);
                true
            }
        }
    }

    /// Ends a session; whoever does so first records it.
    async fn end_suspicious(
        &self,
        session: &Session,
        reason: SuspicionReason,
        client: &Client,
        now: Instant,
    ) -> Result<SessionStanding, Fault> {
        let termination = TerminationReason::Suspicious(reason);
        if self.ports.sessions.end(&session.id, termination, now).await?.is_some() {
            self.record_suspicious_end(session, reason, client, now).await;
        }
        Ok(SessionStanding::Ended(termination))
    }
}

/// The verdict where it could not be asked what is known of the user: the milder one, and nothing to remember.
fn in_doubt(milder: Verdict, session: &Session) -> Verdict {
    match milder {
        Verdict::Allow { .. } | Verdict::Flag { .. } => Verdict::Allow { trace: session.trace.clone() },
        over @ (Verdict::LogInAgain { .. } | Verdict::End { .. }) => over,
    }
}

fn warn(what: &str, error: &StoreError) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}
