use archon_domain::ports::SessionCache;
use archon_domain::{
    CacheAnswer, CachedProfile, CachedSession, Instant, Lease, Passage, ProfileVersion, SessionId,
    StoreError, TokenRef, Touch, UserId,
};
use async_trait::async_trait;
use deadpool_redis::redis::{FromRedisValue as _, cmd};

use crate::fault::{Fault, code};
use crate::nodes::Request;
use crate::passage::{Asking, Names, blacklist_request, lease_request, read_reason};
use crate::{RedisStore, profile_row, row, scripts, times};

#[async_trait]
impl SessionCache for RedisStore {
    async fn pass(&self, passage: &Passage, lease: &Lease, now: Instant) -> Result<CacheAnswer, StoreError> {
        const CONTEXT: &str = "look a passage up";
        let wire = self.wire(CONTEXT)?;
        let names = Names::of(passage, &self.keys);
        let asking = Asking { wire: &wire, names: &names, passage, lease, now };
        let answer = if wire.is_cluster() { asking.by_steps().await } else { asking.at_once().await };
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

    async fn settle_profile(
        &self,
        user: UserId,
        lease: &Lease,
        entry: Option<&CachedProfile>,
        now: Instant,
    ) -> Result<(), StoreError> {
        const CONTEXT: &str = "settle a profile";
        let key = self.keys.user(user);
        let mut command = scripts::SETTLE.on(&[&key]);
        command.arg(lease.as_str());
        if let Some(entry) = entry.filter(|entry| now < entry.expires_at) {
            command.arg(times::lifetime(entry.expires_at, now)).arg(profile_row::write(entry));
        }
        self.wire(CONTEXT)?.ask(Request::new(&key, command)).await.map_err(|fault| fault.at(CONTEXT))
    }

    async fn forget_profiles(&self, users: &[UserId]) -> Result<(), StoreError> {
        const CONTEXT: &str = "forget profiles";
        let requests: Vec<_> = users
            .iter()
            .map(|user| {
                let key = self.keys.user(*user);
                let mut command = cmd("DEL");
                command.arg(&key);
                Request::new(&key, command)
            })
            .collect();
        self.wire(CONTEXT)?.ask_all(&requests).await.map(drop).map_err(|fault| fault.at(CONTEXT))
    }

    async fn forget_outdated(&self, current: &[ProfileVersion]) -> Result<(), StoreError> {
        const CONTEXT: &str = "forget outdated profiles";
        let requests: Vec<_> = current
            .iter()
            .map(|version| {
                let key = self.keys.user(version.user);
                let mut command = scripts::OUTDATE.on(&[&key]);
                command.arg(&profile_row::version(version));
                Request::new(&key, command)
            })
            .collect();
        self.wire(CONTEXT)?.ask_all(&requests).await.map(drop).map_err(|fault| fault.at(CONTEXT))
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

fn forget_request(key: String) -> Request {
    let command = scripts::FORGET.on(&[&key]);
    Request::new(&key, command)
}
