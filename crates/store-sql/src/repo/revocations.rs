use archon_domain::ports::Revocations;
use archon_domain::{Instant, SessionId, StoreError, TokenId, TokenRef};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::count;
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::schema::token_blacklist;
use crate::types::{Id, Ts};

#[async_trait]
impl Revocations for SqlStore {
    async fn revoke(&self, token: &TokenRef, reason: &str) -> Result<(), StoreError> {
        let (session, reason) = (token.session.as_str().to_owned(), reason.to_owned());
        let (token, expires_at) = (Id::from(token.id), Ts(token.expires_at));
        write_tx!(self, "revoke token", |c| {
            let listed = diesel::insert_into(token_blacklist::table)
                .values((
                    token_blacklist::jti.eq(token),
                    token_blacklist::expires_at.eq(expires_at),
                    token_blacklist::reason.eq(reason),
                    token_blacklist::session_id.eq(session),
                ))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
            if listed == 0 {
                // Revoked before: the first reason stays, and the later expiry.
                let shorter =
                    token_blacklist::table.find(token).filter(token_blacklist::expires_at.lt(expires_at));
                diesel::update(shorter).set(token_blacklist::expires_at.eq(expires_at)).execute(c).await?;
            }
            Ok(())
        })
    }

    async fn is_revoked(&self, token: &TokenRef, now: Instant) -> Result<bool, StoreError> {
        let token = Id::from(token.id);
        on_db!(self, "look up revocation", |c| {
            let listed = token_blacklist::table
                .find(token)
                .filter(token_blacklist::expires_at.gt(Ts(now)))
                .select(token_blacklist::jti);
            Ok(listed.first::<Id>(c).await.optional()?.is_some())
        })
    }

    async fn of_session(&self, session: &SessionId, now: Instant) -> Result<Vec<TokenId>, StoreError> {
        let session = session.as_str().to_owned();
        on_db!(self, "list revocations of a session", |c| {
            let listed = token_blacklist::table
                .filter(token_blacklist::session_id.eq(session))
                .filter(token_blacklist::expires_at.gt(Ts(now)))
                .select(token_blacklist::jti);
            Ok(listed.load::<Id>(c).await?.into_iter().map(|id| id.into()).collect())
        })
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        write_one!(self, "purge revocations", |c| {
            let expired = token_blacklist::table.filter(token_blacklist::expires_at.lt(Ts(before)));
            Ok(count(diesel::delete(expired).execute(c).await?))
        })
    }
}
