use archon_domain::ports::Credentials;
use archon_domain::{
    Instant, IssuedToken, PasswordChange, PasswordChangeOutcome, PasswordHash, PasswordRight, QueuedMail,
    StoreError, TerminationReason, TokenDigest, TokenPurpose, User, UserId,
};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::identities::identities_of;
use super::sessions::end_live;
use super::{count, read_one};
use crate::SqlStore;
use crate::db::{insert_all, on_db, write_one, write_tx};
use crate::rows::{MailRow, TokenRow, UserRow};
use crate::schema::{mail_outbox, one_time_tokens, password_history, users};
use crate::types::{Id, Ts};

/// Locks the row of a user until the transaction ends; the password and since when the address is verified.
macro_rules! lock_user {
    ($connection:ident, $id:expr) => {
        diesel::update($crate::schema::users::table.find($id))
            .set($crate::schema::users::updated_at.eq($crate::schema::users::updated_at))
            .returning(($crate::schema::users::password_hash, $crate::schema::users::email_verified_at))
            .get_result::<(Option<String>, Option<$crate::types::Ts>)>($connection)
            .await
            .optional()?
    };
}
pub(super) use lock_user;

/// Puts a hash into the history of a user whose row is locked, and forgets those beyond the depth.
macro_rules! remember {
    ($connection:ident, $id:expr, $hash:expr, $depth:expr) => {
        diesel::insert_into(password_history::table)
            .values((password_history::user_id.eq($id), password_history::hash.eq($hash)))
            .execute($connection)
            .await?;
        let history = password_history::table.filter(password_history::user_id.eq($id));
        // The new password itself is always remembered, whatever the depth.
        let forget_after = i64::try_from($depth.max(1)).unwrap_or(i64::MAX) - 1;
        let oldest_kept = history
            .order(password_history::id.desc())
            .offset(forget_after)
            .limit(1)
            .select(password_history::id)
            .first::<i64>($connection)
            .await
            .optional()?;
        if let Some(oldest) = oldest_kept {
            diesel::delete(history.filter(password_history::id.lt(oldest))).execute($connection).await?;
        }
    };
}

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
        write_tx!(self, "change password", |c| {
            let Some((password, verified_at)) = lock_user!(c, id) else {
                return Ok(PasswordChangeOutcome::Superseded);
            };
            let (has_right, proves) = match &change.right {
                PasswordRight::Replaces(hash) => {
                    (password.as_deref() == hash.as_ref().map(PasswordHash::expose), false)
                }
                PasswordRight::ResetToken(digest) => {
                    // Of many who hold the token, it decides for one.
                    let token = spendable(digest.as_bytes().to_vec(), TokenPurpose::ResetPassword, Ts(now));
                    let own = token.filter(one_time_tokens::user_id.eq(id));
                    (diesel::delete(own).execute(c).await? == 1, verified_at.is_none())
                }
            };
            if !has_right {
                return Ok(PasswordChangeOutcome::Superseded);
            }
            if proves {
                // Whoever opened the account is not known to be its user.
                diesel::delete(identities_of(id)).execute(c).await?;
            }
            diesel::update(users::table.find(id))
                .set((
                    users::password_hash.eq(change.hash.expose()),
                    proves.then(|| users::email_verified_at.eq(Ts(now))),
                    users::updated_at.eq(Ts(now)),
                    change.lifts_lock.then(|| users::attempts_void_before.eq(Ts(now))),
                ))
                .execute(c)
                .await?;
            remember!(c, id, change.hash.expose(), change.history_depth);
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

    async fn token_owner(
        &self,
        digest: &TokenDigest,
        purpose: TokenPurpose,
        now: Instant,
    ) -> Result<Option<UserId>, StoreError> {
        let token = spendable(digest.as_bytes().to_vec(), purpose, Ts(now));
        on_db!(self, "look up one-time token", |c| {
            let owner = token.select(one_time_tokens::user_id).first::<Id>(c).await.optional()?;
            Ok(owner.map(UserId::from))
        })
    }

    async fn verify_email(&self, digest: &TokenDigest, now: Instant) -> Result<Option<User>, StoreError> {
        let presented = spendable(digest.as_bytes().to_vec(), TokenPurpose::VerifyEmail, Ts(now));
        write_tx!(self, "verify address", |c| {
            let owner = presented.clone().select(one_time_tokens::user_id);
            let Some(id) = owner.first::<Id>(c).await.optional()? else {
                return Ok(None);
            };
            // The user's row first, as everywhere; then the token decides, for one caller only.
            let Some((_, verified_at)) = lock_user!(c, id) else {
                return Ok(None);
            };
            if diesel::delete(presented).execute(c).await? == 0 {
                return Ok(None);
            }
            diesel::delete(tokens_of(id, TokenPurpose::VerifyEmail)).execute(c).await?;
            let verified = diesel::update(users::table.find(id))
                .set((
                    users::email_verified_at.eq(verified_at.unwrap_or(Ts(now))),
                    users::updated_at.eq(Ts(now)),
                ))
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

/// The token of a digest, if it can be spent for the purpose.
#[diesel::dsl::auto_type]
fn spendable(digest: Vec<u8>, purpose: TokenPurpose, now: Ts) -> _ {
    let word: &'static str = purpose.as_str();
    one_time_tokens::table
        .find(digest)
        .filter(one_time_tokens::purpose.eq(word))
        .filter(one_time_tokens::expires_at.gt(now))
}

/// Every token of a user for one purpose.
#[diesel::dsl::auto_type]
fn tokens_of(user: Id, purpose: TokenPurpose) -> _ {
    let word: &'static str = purpose.as_str();
    one_time_tokens::table.filter(one_time_tokens::user_id.eq(user)).filter(one_time_tokens::purpose.eq(word))
}
