use archon_domain::ports::Noticeboard;
use archon_domain::{BlockedAddress, Instant, IssuedToken, MailId, Notice, OneTimeToken, StoreError};
use async_trait::async_trait;
use deadpool_redis::redis::cmd;
use serde_json::json;

use crate::nodes::Request;
use crate::{RedisStore, scripts, times};

/// How many entries a list has at most.
const MOST_ENTRIES: usize = 1000;

#[async_trait]
impl Noticeboard for RedisStore {
    async fn post(&self, notices: Vec<Notice>, now: Instant) -> Result<(), StoreError> {
        const CONTEXT: &str = "post notices";
        let requests: Vec<Request> =
            notices.into_iter().flat_map(|notice| self.requests(notice, now)).collect();
        self.wire(CONTEXT)?.ask_all(&requests).await.map(drop).map_err(|fault| fault.at(CONTEXT))
    }
}

impl RedisStore {
    fn requests(&self, notice: Notice, now: Instant) -> Vec<Request> {
        match notice {
            Notice::TokenIssued { token, issued } => vec![self.token_issued(&token, &issued, now)],
            Notice::TokenSpent { token, purpose } => {
                let key = self.keys.one_time_token(&token, purpose);
                let mut command = cmd("DEL");
                command.arg(&key);
                vec![Request::new(&key, command)]
            }
            Notice::SessionTerminated { session, user, reason, original_address, new_address, at } => {
                let entry = json!({
                    "session_id": session,
                    "user_id": user,
                    "reason": reason.as_str(),
                    "original_ip": original_address,
                    "new_ip": new_address,
                    "timestamp": times::text(at),
                });
                let key = self.keys.list("session_terminations");
                let mut command = scripts::PUSH.on(&[&key]);
                command.arg(entry.to_string()).arg(MOST_ENTRIES);
                vec![Request::new(&key, command)]
            }
            Notice::AddressBlocked(blocked) => vec![self.address_blocked(&blocked, now)],
            Notice::Mails { pending, failed } => {
                vec![self.mails("email_queue", &pending), self.mails("failed_emails", &failed)]
            }
        }
    }

    fn token_issued(&self, token: &OneTimeToken, issued: &IssuedToken, now: Instant) -> Request {
        let key = self.keys.one_time_token(token, issued.purpose);
        let entry = json!({ "user_id": issued.user, "issued_at": times::text(issued.issued_at) });
        let mut command = cmd("SET");
        command.arg(&key).arg(entry.to_string()).arg("PX").arg(times::lifetime(issued.expires_at, now));
        Request::new(&key, command)
    }

    /// A block that holds is a key for as long as it does; any other is none.
    fn address_blocked(&self, blocked: &BlockedAddress, now: Instant) -> Request {
        let key = self.keys.blocked_address(blocked.network);
        if !blocked.holds(now) {
            let mut command = cmd("DEL");
            command.arg(&key);
            return Request::new(&key, command);
        }
        let alert = blocked.alert.map_or_else(|| "-".to_owned(), |alert| alert.to_string());
        let mut command = cmd("SET");
        command.arg(&key).arg(alert).arg("PX").arg(times::lifetime(blocked.until, now));
        Request::new(&key, command)
    }

    fn mails(&self, list: &str, mails: &[MailId]) -> Request {
        let key = self.keys.list(list);
        let mut command = scripts::REPLACE.on(&[&key]);
        for mail in mails.iter().take(MOST_ENTRIES) {
            command.arg(mail.to_string());
        }
        Request::new(&key, command)
    }
}
