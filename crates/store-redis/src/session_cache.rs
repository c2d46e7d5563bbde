use archon_domain::ports::SessionCache;
use archon_domain::{
    CacheAnswer, CachedSession, Charge, Instant, Lease, Passage, Session, SessionId, Span, StoreError,
    TokenRef, Touch,
};
use async_trait::async_trait;
use deadpool_redis::redis::{FromRedisValue as _, Value, cmd};

use crate::fault::{Fault, code};
use crate::link::Wire;
use crate::nodes::Request;
use crate::rate_limiter::{Decision, take_request};
use crate::row::{self, Fields};
use crate::{RedisStore, scripts, times};

/// For how long a passage leaves the lease of another alone, which reads one session from the durable store.
const LEASE_STANDS_FOR: Span = Span::seconds(5);
/// What is said of an entry on the blacklist that is no text.
const UNREADABLE: &str = "unreadable";

/// The keys of one passage.
struct Names {
    session: String,
    blacklist: String,
    budget: Option<String>,
}

#[async_trait]
impl SessionCache for RedisStore {
    async fn pass(&self, passage: &Passage, lease: &Lease, now: Instant) -> Result<CacheAnswer, StoreError> {
        const CONTEXT: &str = "look a passage up";
        let wire = self.wire(CONTEXT)?;
        let names = Names {
            session: self.keys.session(&passage.token.session),
            blacklist: self.keys.blacklist(passage.token.id),
            budget: passage.charge.as_ref().map(|charge| self.keys.rate_limit(charge.bucket, &charge.key)),
        };
        let answer = if wire.is_cluster() {
            pass_by_steps(&wire, &names, passage, lease, now).await
        } else {
            pass_at_once(&wire, &names, passage, lease, now).await
        };
        answer.map_err(|fault| fault.at(CONTEXT))
    }

    async fn lease(&self, session: &SessionId, lease: &Lease) -> Result<(), StoreError> {
        const CONTEXT: &str = "lease a session";
        let request = lease_request(&self.keys.session(session), lease);
        self.wire(CONTEXT)?.ask(request).await.map_err(|fault| fault.at(CONTEXT))
    }

    async fn settle(
        &self,
        session: &SessionId,
        lease: &Lease,
        entry: Option<&CachedSession>,
        now: Instant,
    ) -> Result<(), StoreError> {
        const CONTEXT: &str = "settle a session";
        let wire = self.wire(CONTEXT)?;
        let key = self.keys.session(session);
        let live = entry.filter(|entry| entry.session.is_live(now));
        let mut command = scripts::SETTLE.on(&[&key]);
        command.arg(lease.as_str());
        if let Some(entry) = live {
            command.arg(times::lifetime(row::end(&entry.session), now)).arg(row::write(entry));
        }
        let settled: bool = wire.ask(Request::new(&key, command)).await.map_err(|fault| fault.at(CONTEXT))?;
        if let (true, Some(entry)) = (settled, live) {
            let index = self.keys.user_sessions(entry.session.user);
            let mut command = scripts::INDEX.on(&[&index]);
            command.arg(session.as_str()).arg(times::lifetime(entry.session.absolute_expires_at, now));
            wire.ask::<()>(Request::new(&index, command)).await.map_err(|fault| fault.at(CONTEXT))?;
        }
        Ok(())
    }

    async fn forget(&self, sessions: &[SessionId]) -> Result<(), StoreError> {
        const CONTEXT: &str = "forget sessions";
        let wire = self.wire(CONTEXT)?;
        let requests: Vec<_> =
            sessions.iter().map(|session| self.keys.session(session)).map(forget_request).collect();
        let owners = wire.ask_all(&requests).await.map_err(|fault| fault.at(CONTEXT))?;
        let mut leavings = Vec::new();
        for (session, owner) in sessions.iter().zip(owners) {
            if let Ok(Some(user)) = Option::<String>::from_redis_value(owner) {
                let index = self.keys.user_sessions(user);
                let mut command = cmd("SREM");
                command.arg(&index).arg(session.as_str());
                leavings.push(Request::new(&index, command));
            }
        }
        // Whatever is in the place of a user's set does not hold the session back.
        let left = wire.send(&leavings).await;
        match left.into_iter().filter_map(Result::err).find(|error| code(error) != "WRONGTYPE") {
            Some(error) => Err(Fault::from(error).at(CONTEXT)),
            None => Ok(()),
        }
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        const CONTEXT: &str = "touch sessions";
        let requests: Vec<_> = touches
            .iter()
            .map(|touch| {
                let key = self.keys.session(&touch.session);
                let mut command = scripts::TOUCH.on(&[&key]);
                for instant in [touch.last_accessed, touch.expires_at] {
                    command.arg(times::micros(instant)).arg(times::text(instant));
                }
                Request::new(&key, command)
            })
            .collect();
        self.wire(CONTEXT)?.ask_all(&requests).await.map(drop).map_err(|fault| fault.at(CONTEXT))
    }

    async fn blacklist(&self, token: &TokenRef, reason: &str, now: Instant) -> Result<(), StoreError> {
        const CONTEXT: &str = "blacklist a token";
        let wire = self.wire(CONTEXT)?;
        if token.expires_at <= now {
            return Ok(());
        }
        let key = self.keys.blacklist(token.id);
        let mut command = cmd("SET");
        command.arg(&key).arg(reason).arg("PX").arg(times::lifetime(token.expires_at, now));
        wire.ask(Request::new(&key, command)).await.map_err(|fault| fault.at(CONTEXT))
    }

    async fn blacklisted(&self, token: &TokenRef) -> Result<Option<String>, StoreError> {
        const CONTEXT: &str = "ask the blacklist";
        let wire = self.wire(CONTEXT)?;
        let [reply] =
            <[_; 1]>::try_from(wire.send(&[blacklist_request(&self.keys.blacklist(token.id))]).await)
                .map_err(|_| Fault::Answer("a reply is missing".to_owned()).at(CONTEXT))?;
        read_reason(reply).map_err(|fault| fault.at(CONTEXT))
    }
}

/// On one server: one script, one round trip.
async fn pass_at_once(
    wire: &Wire<'_>,
    names: &Names,
    passage: &Passage,
    lease: &Lease,
    now: Instant,
) -> Result<CacheAnswer, Fault> {
    let keys: Vec<&str> =
        [&names.session, &names.blacklist].into_iter().chain(&names.budget).map(String::as_str).collect();
    let mut command = scripts::PASS.on(&keys);
    command.arg(passage.user.to_string()).arg(passage.token.id.to_string()).arg(times::micros(now));
    command.arg(lease.as_str()).arg(times::length(LEASE_STANDS_FOR));
    if let Some(charge) = &passage.charge {
        command.arg(charge.quota.limit).arg(times::length(charge.quota.window));
    }
    type Answer = (bool, Option<Fields>, Option<Decision>, Option<Vec<u8>>);
    let (is_live, fields, decision, reason): Answer = wire.ask(Request::new(&names.session, command)).await?;
    if let Some(session) = fields.and_then(|fields| row::read(&passage.token.session, fields)) {
        return Ok(live(session, decision, passage.charge.as_ref()));
    }
    if is_live {
        // Somebody has changed the copy into what only scripts can read: the lease takes its place.
        wire.ask::<()>(lease_request(&names.session, lease)).await?;
    }
    Ok(CacheAnswer::Unsure {
        blacklisted: reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()),
    })
}

/// On a cluster: the names of the keys are given, so they are in different slots, and no script may touch two.
/// The session and the blacklist are asked at once; then the charge is taken, or the lease put.
async fn pass_by_steps(
    wire: &Wire<'_>,
    names: &Names,
    passage: &Passage,
    lease: &Lease,
    now: Instant,
) -> Result<CacheAnswer, Fault> {
    let mut look = scripts::LOOK.on(&[&names.session]);
    look.arg(passage.user.to_string()).arg(passage.token.id.to_string()).arg(times::micros(now));
    let asked = [Request::new(&names.session, look), blacklist_request(&names.blacklist)];
    let [fields, reason] = <[_; 2]>::try_from(wire.send(&asked).await)
        .map_err(|_| Fault::Answer("a reply is missing".to_owned()))?;
    let fields = Option::<Fields>::from_redis_value(fields?)?;
    let blacklisted = read_reason(reason)?;
    let session = fields.and_then(|fields| row::read(&passage.token.session, fields));
    match (session, &blacklisted) {
        (Some(session), None) => {
            let decision = match (&passage.charge, &names.budget) {
                (Some(charge), Some(key)) => {
                    Some(wire.ask(take_request(key, charge.quota, now, true)).await?)
                }
                _ => None,
            };
            Ok(live(session, decision, passage.charge.as_ref()))
        }
        _ => {
            let mut offer = scripts::OFFER.on(&[&names.session]);
            offer.arg(lease.as_str()).arg(times::micros(now)).arg(times::length(LEASE_STANDS_FOR));
            wire.ask::<()>(Request::new(&names.session, offer)).await?;
            Ok(CacheAnswer::Unsure { blacklisted })
        }
    }
}

fn live(session: Session, decision: Option<Decision>, charge: Option<&Charge>) -> CacheAnswer {
    let decision = decision.zip(charge).map(|(decision, charge)| decision.judged_by(charge.quota));
    CacheAnswer::Live { session: Box::new(session), decision }
}

fn lease_request(key: &str, lease: &Lease) -> Request {
    let mut command = scripts::LEASE.on(&[key]);
    command.arg(lease.as_str());
    Request::new(key, command)
}

fn forget_request(key: String) -> Request {
    let command = scripts::FORGET.on(&[&key]);
    Request::new(&key, command)
}

fn blacklist_request(key: &str) -> Request {
    let mut command = cmd("GET");
    command.arg(key);
    Request::new(key, command)
}

/// An entry that is no text was put there by somebody, too.
fn read_reason(reply: Result<Value, deadpool_redis::redis::RedisError>) -> Result<Option<String>, Fault> {
    match reply {
        Err(error) if code(&error) == "WRONGTYPE" => Ok(Some(UNREADABLE.to_owned())),
        reply => {
            let reason = Option::<Vec<u8>>::from_redis_value(reply?)?;
            Ok(reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()))
        }
    }
}
