use archon_domain::ports::Credentials;
use archon_domain::{
    Instant, IssuedToken, PasswordChange, PasswordChangeOutcome, PasswordHash, QueuedMail, StoreError,
    TerminationReason, TokenDigest, TokenPurpose, User, UserId,
};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::sessions::end_live;
use super::{count, read_one};
use crate::SqlStore;
use crate::db::{insert_all, on_db, write_one, write_tx};
use crate::rows::{MailRow, TokenRow, UserRow};
use crate::schema::{mail_outbox, one_time_tokens, password_history, users};
use crate::types::{Id, Ts};

#[async_trait]
impl Credentials for SqlStore {
    async fn upgrade_hash(
        &self,
        user: UserId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (id, from, to) = (Id::from(user), from.expose().to_owned(), to.expose().to_owned());
        write_tx!(self, "upgrade password hash", |c| {
            let upgraded = diesel::update(users::table.find(id).filter(users::password_hash.eq(&from)))
                .set(users::password_hash.eq(&to))
                .execute(c)
                .await?;
            if upgraded == 1 {
                let remembered = password_history::table
                    .filter(password_history::user_id.eq(id))
                    .filter(password_history::hash.eq(&from));
                diesel::update(remembered).set(password_history::hash.eq(&to)).execute(c).await?;
            }
            Ok(upgraded == 1)
        })
    }

    async fn password_history(&self, user: UserId, depth: usize) -> Result<Vec<PasswordHash>, StoreError> {
        let depth = i64::try_from(depth).unwrap_or(i64::MAX);
        on_db!(self, "read password history", |c| {
            let hashes = password_history::table
                .filter(password_history::user_id.eq(Id::from(user)))
                .order(password_history::id.desc())
                .limit(depth)
                .select(password_history::hash)
                .load::<String>(c)
                .await?;
            Ok(hashes.into_iter().map(PasswordHash::new).collect())
        })
    }

    async fn change_password(
        &self,
        change: PasswordChange,
        now: Instant,
    ) -> Result<PasswordChangeOutcome, StoreError> {
        let id = Id::from(change.user);
        let hash = change.hash.expose().to_owned();
        // The new password itself is always remembered, whatever the depth.
        let forget_after = i64::try_from(change.history_depth.max(1)).unwrap_or(i64::MAX) - 1;
        write_tx!(self, "change password", |c| {
            let locked = diesel::update(users::table.find(id))
                .set(users::updated_at.eq(users::updated_at))
                .returning(users::password_hash)
                .get_result::<Option<String>>(c)
                .await
                .optional()?;
            let replaces = change.replaces.as_ref().map(|hash| hash.expose().to_owned());
            if locked != Some(replaces) {
                return Ok(PasswordChangeOutcome::Superseded);
            }
            diesel::update(users::table.find(id))
                .set((users::password_hash.eq(&hash), users::updated_at.eq(Ts(now))))
                .execute(c)
                .await?;
            diesel::insert_into(password_history::table)
                .values((password_history::user_id.eq(id), password_history::hash.eq(&hash)))
                .execute(c)
                .await?;
            let history = password_history::table.filter(password_history::user_id.eq(id));
            let oldest_kept = history
                .order(password_history::id.desc())
                .offset(forget_after)
                .limit(1)
                .select(password_history::id)
                .first::<i64>(c)
                .await
                .optional()?;
            if let Some(oldest) = oldest_kept {
                diesel::delete(history.filter(password_history::id.lt(oldest))).execute(c).await?;
            }
            let ended =
                end_live!(c, change.user, change.keep_session, TerminationReason::PasswordChanged, now);
            diesel::delete(tokens_of(id, TokenPurpose::ResetPassword)).execute(c).await?;
            insert_all!(c, mail_outbox::table, MailRow::all(&change.mails)?);
            Ok(PasswordChangeOutcome::Changed(ended))
        })
    }

    async fn issue_token(&self, token: IssuedToken, mails: Vec<QueuedMail>) -> Result<(), StoreError> {
        write_tx!(self, "issue one-time token", |c| {
            insert_all!(c, one_time_tokens::table, [TokenRow::from(&token)]);
            insert_all!(c, mail_outbox::table, MailRow::all(&mails)?);
            Ok(())
        })
    }

    async fn verify_email(&self, digest: &TokenDigest, now: Instant) -> Result<Option<User>, StoreError> {
        let digest = digest.as_bytes().to_vec();
        write_tx!(self, "verify address", |c| {
            let presented = one_time_tokens::table
                .find(digest)
                .filter(one_time_tokens::purpose.eq(TokenPurpose::VerifyEmail.as_str()))
                .filter(one_time_tokens::expires_at.gt(Ts(now)));
            let owner = presented.clone().select(one_time_tokens::user_id);
            let Some(id) = owner.first::<Id>(c).await.optional()? else {
                return Ok(None);
            };
            // The user's row first, as everywhere; then the token decides, for one caller only.
            diesel::update(users::table.find(id))
                .set(users::updated_at.eq(users::updated_at))
                .execute(c)
                .await?;
            if diesel::delete(presented).execute(c).await? == 0 {
                return Ok(None);
            }
            diesel::delete(tokens_of(id, TokenPurpose::VerifyEmail)).execute(c).await?;
            let verified = diesel::update(users::table.find(id))
                .set((users::email_verified_at.eq(Ts(now)), users::updated_at.eq(Ts(now))))
                .returning(UserRow::as_returning())
                .get_result(c)
                .await
                .optional()?;
            read_one(verified)
        })
    }

    async fn purge_tokens(&self, before: Instant) -> Result<u64, StoreError> {
        write_one!(self, "purge one-time tokens", |c| {
            let expired = one_time_tokens::table.filter(one_time_tokens::expires_at.lt(Ts(before)));
            Ok(count(diesel::delete(expired).execute(c).await?))
        })
    }
}

/// Every token of a user for one purpose.
#[diesel::dsl::auto_type]
fn tokens_of(user: Id, purpose: TokenPurpose) -> _ {
    let word: &'static str = purpose.as_str();
    one_time_tokens::table.filter(one_time_tokens::user_id.eq(user)).filter(one_time_tokens::purpose.eq(word))
}
