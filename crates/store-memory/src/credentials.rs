use archon_domain::ports::Credentials;
use archon_domain::{
    Instant, IssuedToken, PasswordChange, PasswordChangeOutcome, PasswordHash, QueuedMail, StoreError,
    TerminationReason, TokenDigest, TokenPurpose, User, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::{State, conflict};

#[async_trait]
impl Credentials for MemoryStore {
    async fn upgrade_hash(
        &self,
        user: UserId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let account = state.accounts.get_mut(&user);
        let Some(account) = account.filter(|account| account.user.password.as_ref() == Some(from)) else {
            return Ok(false);
        };
        account.user.password = Some(to.clone());
        for hash in account.history.iter_mut().filter(|hash| *hash == from) {
            *hash = to.clone();
        }
        Ok(true)
    }

    async fn password_history(&self, user: UserId, depth: usize) -> Result<Vec<PasswordHash>, StoreError> {
        let state = self.state();
        let history = state.accounts.get(&user).map(|account| account.history.as_slice());
        Ok(history.unwrap_or_default().iter().take(depth).cloned().collect())
    }

    async fn change_password(
        &self,
        change: PasswordChange,
        now: Instant,
    ) -> Result<PasswordChangeOutcome, StoreError> {
        self.state().change_password(change, now)
    }

    async fn issue_token(&self, token: IssuedToken, mails: Vec<QueuedMail>) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.accounts.contains_key(&token.user) {
            return Err(conflict("issue token", "there is no such account"));
        }
        state.check_token(&token, "issue token")?;
        state.check_mails(&mails, "issue token")?;
        state.tokens.insert(token.digest, token);
        state.queue(mails);
        Ok(())
    }

    async fn verify_email(&self, digest: &TokenDigest, now: Instant) -> Result<Option<User>, StoreError> {
        Ok(self.state().verify_email(digest, now))
    }

    async fn purge_tokens(&self, before: Instant) -> Result<u64, StoreError> {
        let mut state = self.state();
        let count = state.tokens.len();
        state.tokens.retain(|_, token| token.expires_at >= before);
        Ok((count - state.tokens.len()) as u64)
    }
}

impl State {
    fn change_password(
        &mut self,
        change: PasswordChange,
        now: Instant,
    ) -> Result<PasswordChangeOutcome, StoreError> {
        let PasswordChange { user, replaces, hash, history_depth, keep_session, mails } = change;
        let account = self.accounts.get(&user);
        if !account.is_some_and(|account| account.user.password == replaces) {
            return Ok(PasswordChangeOutcome::Superseded);
        }
        self.check_mails(&mails, "change password")?;
        if let Some(account) = self.accounts.get_mut(&user) {
            account.history.insert(0, hash.clone());
            // The present password stays in the history, however short that is kept.
            account.history.truncate(history_depth.max(1));
            account.user.password = Some(hash);
            account.user.updated_at = now;
        }
        self.void_tokens(user, TokenPurpose::ResetPassword);
        self.queue(mails);
        let reason = TerminationReason::PasswordChanged;
        let ended = self.end_live_sessions(user, keep_session.as_ref(), reason, now);
        Ok(PasswordChangeOutcome::Changed(ended))
    }

    fn verify_email(&mut self, digest: &TokenDigest, now: Instant) -> Option<User> {
        let token = self.tokens.get(digest)?;
        if token.purpose != TokenPurpose::VerifyEmail || now >= token.expires_at {
            return None;
        }
        let user = token.user;
        self.void_tokens(user, TokenPurpose::VerifyEmail);
        let account = self.accounts.get_mut(&user)?;
        account.user.email_verified_at.get_or_insert(now);
        account.user.updated_at = now;
        Some(account.user.clone())
    }
}
