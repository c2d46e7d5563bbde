use archon_domain::ports::LoginAttempts;
use archon_domain::{
    AttemptAdmission, AttemptCounter, AttemptStanding, EmailKey, Instant, LockoutRule, StoreError,
};
use async_trait::async_trait;
use deadpool_redis::redis::{Cmd, FromRedisValue, cmd};

use crate::fault::Fault;
use crate::keys::network_field;
use crate::nodes::Request;
use crate::{RedisStore, scripts, times};

/// The rule as `attempts.lua` takes it.
fn add_rule(command: &mut Cmd, rule: &LockoutRule) {
    command
        .arg(rule.max_failures.max(1))
        .arg(times::length(rule.lock_for))
        .arg(times::length(rule.attempt_timeout));
}

impl RedisStore {
    /// Runs an operation of `attempts.lua`; `add` adds what the operation needs besides.
    async fn count<T: FromRedisValue>(
        &self,
        context: &'static str,
        operation: &str,
        counter: &AttemptCounter,
        now: Instant,
        add: impl FnOnce(&mut Cmd) + Send,
    ) -> Result<T, StoreError> {
        let wire = self.wire(context)?;
        let email = counter.email();
        let count = self.keys.failed_login(email);
        let mut command = scripts::ATTEMPTS.on(&[&count, &self.keys.failed_login_log(email)]);
        command.arg(operation).arg(network_field(counter)).arg(times::micros(now));
        add(&mut command);
        wire.ask(Request::new(&count, command)).await.map_err(|fault| fault.at(context))
    }
}

#[async_trait]
impl LoginAttempts for RedisStore {
    async fn begin(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptAdmission, StoreError> {
        const CONTEXT: &str = "begin an attempt";
        let answer: (String, Option<i64>) = self
            .count(CONTEXT, "begin", counter, now, |command| {
                add_rule(command, rule);
                command.arg(times::micros(void_before));
            })
            .await?;
        match (answer.0.as_str(), answer.1) {
            ("admitted", _) => Ok(AttemptAdmission::Admitted),
            ("busy", _) => Ok(AttemptAdmission::Busy),
            ("locked", Some(until)) => Ok(AttemptAdmission::Locked(times::instant(until))),
            _ => Err(Fault::Answer(format!("{answer:?} is no admission")).at(CONTEXT)),
        }
    }

    async fn fail(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError> {
        let (failures, until, just_locked): (u32, Option<i64>, bool) =
            self.count("count a failure", "fail", counter, now, |command| add_rule(command, rule)).await?;
        Ok(AttemptStanding { failures, locked_until: until.map(times::instant), just_locked })
    }

    async fn succeed(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError> {
        self.count("clear a counter", "succeed", counter, now, |_| {}).await
    }

    async fn withdraw(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError> {
        self.count("withdraw an attempt", "withdraw", counter, now, |_| {}).await
    }

    async fn standing(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError> {
        let (failures, until, just_locked): (u32, Option<i64>, bool) = self
            .count("look at a counter", "standing", counter, now, |command| {
                add_rule(command, rule);
                command.arg(times::micros(void_before));
            })
            .await?;
        Ok(AttemptStanding { failures, locked_until: until.map(times::instant), just_locked })
    }

    async fn clear(&self, email: &EmailKey) -> Result<(), StoreError> {
        const CONTEXT: &str = "clear the counters of an address";
        let count = self.keys.failed_login(email);
        let mut command = cmd("DEL");
        command.arg(&count).arg(self.keys.failed_login_log(email));
        self.wire(CONTEXT)?.ask(Request::new(&count, command)).await.map_err(|fault| fault.at(CONTEXT))
    }
}
