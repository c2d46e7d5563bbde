use archon_domain::ports::Credentials;
use archon_domain::{
    Instant, IssuedToken, PasswordChange, PasswordChangeOutcome, PasswordHash, PasswordRight, QueuedMail,
    StoreError, TerminationReason, TokenDigest, TokenPurpose, User, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::{Account, State, conflict};

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
        state.check_mails(&mails, None, "issue token")?;
        state.tokens.insert(token.digest, token);
        state.queue(mails);
        Ok(())
    }

    async fn token_owner(
        &self,
        digest: &TokenDigest,
        purpose: TokenPurpose,
        now: Instant,
    ) -> Result<Option<UserId>, StoreError> {
        Ok(self.state().token_owner(digest, purpose, now))
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
        let user = change.user;
        if !self.may_change(user, &change.right, now) {
            return Ok(PasswordChangeOutcome::Superseded);
        }
        self.check_mails(&change.mails, None, "change password")?;
        let resets = matches!(change.right, PasswordRight::ResetToken(_));
        if let Some(account) = self.accounts.get_mut(&user) {
            if resets && account.user.email_verified_at.is_none() {
                // Whoever opened the account is not known to be its user.
                self.identities.retain(|_, identity| identity.user != user);
            }
            account.set_password(&change, now);
        }
        self.void_tokens(user, TokenPurpose::ResetPassword);
        self.queue(change.mails);
        let reason = TerminationReason::PasswordChanged;
        let ended = self.end_live_sessions(user, change.keep_session.as_ref(), reason, now);
        Ok(PasswordChangeOutcome::Changed(ended))
    }

    /// Whether the right to change the user's password still holds.
    fn may_change(&self, user: UserId, right: &PasswordRight, now: Instant) -> bool {
        match right {
            PasswordRight::Replaces(password) => {
                self.accounts.get(&user).is_some_and(|account| account.user.password == *password)
            }
            PasswordRight::ResetToken(digest) => {
                self.token_owner(digest, TokenPurpose::ResetPassword, now) == Some(user)
            }
        }
    }

    /// Whose token this is, if it can be spent for the purpose.
    fn token_owner(&self, digest: &TokenDigest, purpose: TokenPurpose, now: Instant) -> Option<UserId> {
        let token = self.tokens.get(digest)?;
        (token.purpose == purpose && now < token.expires_at).then_some(token.user)
    }

    fn verify_email(&mut self, digest: &TokenDigest, now: Instant) -> Option<User> {
        let user = self.token_owner(digest, TokenPurpose::VerifyEmail, now)?;
        self.void_tokens(user, TokenPurpose::VerifyEmail);
        let account = self.accounts.get_mut(&user)?;
        account.user.email_verified_at.get_or_insert(now);
        account.user.updated_at = now;
        Some(account.user.clone())
    }
}

impl Account {
    fn set_password(&mut self, change: &PasswordChange, now: Instant) {
        self.history.insert(0, change.hash.clone());
        // The present password stays in the history, however short that is kept.
        self.history.truncate(change.history_depth.max(1));
        self.user.password = Some(change.hash.clone());
        self.user.updated_at = now;
        if matches!(change.right, PasswordRight::ResetToken(_)) {
            self.user.email_verified_at.get_or_insert(now);
        }
        if change.lifts_lock {
            self.user.attempts_void_before = now;
        }
    }
}
