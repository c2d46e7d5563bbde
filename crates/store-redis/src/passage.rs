//! One passage: what an authenticated request asks, of keys in several slots.

use archon_domain::{CacheAnswer, Instant, Lease, Passage, Profile, Session, Span};
use deadpool_redis::redis::{FromRedisValue as _, RedisError, Value, cmd};

use crate::fault::{Fault, code};
use crate::keys::Keys;
use crate::link::Wire;
use crate::nodes::Request;
use crate::rate_limiter::{Decision, take_request};
use crate::row::{self, Fields};
use crate::{profile_row, scripts, times};

/// For how long a passage leaves the lease of another alone, which reads one session or one user from the
/// durable store.
const LEASE_STANDS_FOR: Span = Span::seconds(5);
/// What is said of an entry on the blacklist that is no text.
const UNREADABLE: &str = "unreadable";

/// The keys of one passage.
pub(crate) struct Names {
    session: String,
    blacklist: String,
    profile: Option<String>,
    budget: Option<String>,
}

impl Names {
    pub(crate) fn of(passage: &Passage, keys: &Keys) -> Self {
        Self {
            session: keys.session(&passage.token.session),
            blacklist: keys.blacklist(passage.token.id),
            profile: passage.profile.then(|| keys.user(passage.user)),
            budget: passage.charge.as_ref().map(|charge| keys.rate_limit(charge.bucket, &charge.key)),
        }
    }
}

/// One passage on its way.
pub(crate) struct Asking<'a> {
    pub(crate) wire: &'a Wire<'a>,
    pub(crate) names: &'a Names,
    pub(crate) passage: &'a Passage,
    pub(crate) lease: &'a Lease,
    pub(crate) now: Instant,
}

impl Asking<'_> {
    /// On one server: one script, one round trip.
    pub(crate) async fn at_once(&self) -> Result<CacheAnswer, Fault> {
        let Names { session, blacklist, profile, budget } = self.names;
        let keys: Vec<&str> =
            [session, blacklist].into_iter().chain(profile).chain(budget).map(String::as_str).collect();
        let mut command = scripts::PASS.on(&keys);
        command.arg(self.passage.user.to_string()).arg(self.passage.token.id.to_string());
        command.arg(times::micros(self.now)).arg(self.lease.as_str()).arg(times::length(LEASE_STANDS_FOR));
        command.arg(i32::from(self.passage.profile));
        if let Some(charge) = &self.passage.charge {
            command.arg(charge.quota.limit).arg(times::length(charge.quota.window));
        }
        type Answer = (bool, Option<Fields>, Option<Decision>, Option<Vec<u8>>, Option<Fields>);
        let (is_live, fields, decision, reason, profile): Answer =
            self.wire.ask(Request::new(session, command)).await?;
        if let Some(session) = fields.and_then(|fields| row::read(&self.passage.token.session, fields)) {
            let is_there = profile.is_some();
            let profile = self.read_profile(profile);
            if let (true, None, Some(key)) = (is_there, &profile, &self.names.profile) {
                // Somebody has changed the copy into what only scripts can read.
                self.wire.ask::<()>(lease_request(key, self.lease)).await?;
            }
            return Ok(self.live(session, decision, profile));
        }
        if is_live {
            // As above: the lease takes its place.
            self.wire.ask::<()>(lease_request(session, self.lease)).await?;
        }
        Ok(CacheAnswer::Unsure {
            blacklisted: reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()),
        })
    }

    /// On a cluster: the names of the keys are given, so they are in different slots, and no script may touch
    /// two. The session, the blacklist and the profile are asked at once; then the charge is taken, or a lease
    /// put.
    pub(crate) async fn by_steps(&self) -> Result<CacheAnswer, Fault> {
        let mut asked = vec![self.look_request(), blacklist_request(&self.names.blacklist)];
        asked.extend(self.names.profile.as_deref().map(|key| self.look_profile_request(key)));
        let mut replies = self.wire.send(&asked).await.into_iter();
        let mut next = || replies.next().ok_or_else(|| Fault::Answer("a reply is missing".to_owned()));
        let fields = Option::<Fields>::from_redis_value(next()??)?;
        let blacklisted = read_reason(next()?)?;
        let session = fields.and_then(|fields| row::read(&self.passage.token.session, fields));
        let (Some(session), None) = (session, &blacklisted) else {
            self.wire.ask::<()>(self.offer_request(&self.names.session)).await?;
            return Ok(CacheAnswer::Unsure { blacklisted });
        };
        let mut profile = None;
        if let Some(key) = &self.names.profile {
            profile = self.read_profile(Option::<Fields>::from_redis_value(next()??)?);
            if profile.is_none() {
                self.wire.ask::<()>(self.offer_request(key)).await?;
            }
        }
        let decision = match (&self.passage.charge, &self.names.budget) {
            (Some(charge), Some(key)) => {
                Some(self.wire.ask(take_request(key, charge.quota, self.now, true)).await?)
            }
            _ => None,
        };
        Ok(self.live(session, decision, profile))
    }

    fn look_request(&self) -> Request {
        let key = &self.names.session;
        let mut command = scripts::LOOK.on(&[key]);
        command.arg(self.passage.user.to_string()).arg(self.passage.token.id.to_string());
        command.arg(times::micros(self.now));
        Request::new(key, command)
    }

    fn look_profile_request(&self, key: &str) -> Request {
        let mut command = scripts::LOOK_PROFILE.on(&[key]);
        command.arg(times::micros(self.now));
        Request::new(key, command)
    }

    fn offer_request(&self, key: &str) -> Request {
        let mut command = scripts::OFFER.on(&[key]);
        command.arg(self.lease.as_str()).arg(times::micros(self.now)).arg(times::length(LEASE_STANDS_FOR));
        Request::new(key, command)
    }

    fn read_profile(&self, fields: Option<Fields>) -> Option<Profile> {
        profile_row::read(self.passage.user, fields?)
    }

    fn live(&self, session: Session, decision: Option<Decision>, profile: Option<Profile>) -> CacheAnswer {
        let charged = decision.zip(self.passage.charge.as_ref());
        let decision = charged.map(|(decision, charge)| decision.judged_by(charge.quota));
        CacheAnswer::Live { session: Box::new(session), decision, profile: profile.map(Box::new) }
    }
}

pub(crate) fn lease_request(key: &str, lease: &Lease) -> Request {
    let mut command = scripts::LEASE.on(&[key]);
    command.arg(lease.as_str());
    Request::new(key, command)
}

pub(crate) fn blacklist_request(key: &str) -> Request {
    let mut command = cmd("GET");
    command.arg(key);
    Request::new(key, command)
}

/// An entry that is no text was put there by somebody, too.
pub(crate) fn read_reason(reply: Result<Value, RedisError>) -> Result<Option<String>, Fault> {
    match reply {
        Err(error) if code(&error) == "WRONGTYPE" => Ok(Some(UNREADABLE.to_owned())),
        reply => {
            let reason = Option::<Vec<u8>>::from_redis_value(reply?)?;
            Ok(reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()))
        }
    }
}
