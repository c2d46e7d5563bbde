use archon_domain::ports::Identities;
use archon_domain::{
    IdentityLink, Instant, LinkRight, LinkedIdentity, Linking, StoreError, TerminationReason, Unlinking,
    UserId,
};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::credentials::lock_user;
use super::sessions::end_live;
use crate::SqlStore;
use crate::db::{insert_all, on_db, write_tx};
use crate::rows::{IdentityRow, MailRow};
use crate::schema::{mail_outbox, oauth_identities, one_time_tokens, password_history, users};
use crate::types::{Id, Ts};

/// Stores an identity of a user whose row is locked or new, unless it is stored already; whether it was.
macro_rules! store_identity {
    ($connection:ident, $identity:expr) => {
        // Of many who store it at the same time, the primary key decides for one; the others wait for it.
        diesel::insert_into($crate::schema::oauth_identities::table)
            .values($crate::rows::IdentityRow::from($identity))
            .on_conflict_do_nothing()
            .execute($connection)
            .await?
            == 1
    };
}
pub(super) use store_identity;

/// Gives an account, whose row is locked, to whoever has just proved its address for the first time: removes
/// what lets others back in but the identities; the sessions that it ended.
macro_rules! reclaim {
    ($connection:ident, $user:expr, $now:expr) => {{
        let id = Id::from($user);
        let changes = (
            users::password_hash.eq(None::<String>),
            users::email_verified_at.eq(Ts($now)),
            users::updated_at.eq(Ts($now)),
        );
        diesel::update(users::table.find(id)).set(changes).execute($connection).await?;
        let history = password_history::table.filter(password_history::user_id.eq(id));
        diesel::delete(history).execute($connection).await?;
        let tokens = one_time_tokens::table.filter(one_time_tokens::user_id.eq(id));
        diesel::delete(tokens).execute($connection).await?;
        end_live!($connection, $user, None, TerminationReason::PasswordChanged, $now)
    }};
}

#[async_trait]
impl Identities for SqlStore {
    async fn find(&self, provider: &str, subject: &str) -> Result<Option<LinkedIdentity>, StoreError> {
        let identity = oauth_identities::table.find((provider.to_owned(), subject.to_owned()));
        on_db!(self, "find identity", |c| {
            let row = identity.select(IdentityRow::as_select()).first(c).await.optional()?;
            Ok(row.map(LinkedIdentity::from))
        })
    }

    async fn list(&self, user: UserId) -> Result<Vec<LinkedIdentity>, StoreError> {
        on_db!(self, "list identities", |c| {
            let rows = first_linked_first(user.into()).select(IdentityRow::as_select()).load(c).await?;
            Ok(rows.into_iter().map(LinkedIdentity::from).collect())
        })
    }

    async fn link(&self, link: IdentityLink, now: Instant) -> Result<Linking, StoreError> {
        write_tx!(self, "link identity", |c| {
            let IdentityLink { identity, right, mails } = link;
            let id = Id::from(identity.user);
            let Some((_, verified_at)) = lock_user!(c, id) else {
                return Ok(Linking::NoAccount);
            };
            while !store_identity!(c, &identity) {
                let stored = oauth_identities::table.find((&identity.provider, &identity.subject));
                let owner = stored.select(oauth_identities::user_id).first::<Id>(c).await.optional()?;
                // Where there is none any more, it was unlinked in between.
                if let Some(owner) = owner {
                    return Ok(Linking::AlreadyLinked(owner.into()));
                }
            }
            let reclaimed = match (right, verified_at) {
                (LinkRight::ProvedAddress, None) => {
                    let others = identities_of(id).filter(
                        oauth_identities::provider
                            .ne(&identity.provider)
                            .or(oauth_identities::subject.ne(&identity.subject)),
                    );
                    diesel::delete(others).execute(c).await?;
                    Some(reclaim!(c, identity.user, now))
                }
                (LinkRight::ProvedAddress, Some(_)) | (LinkRight::LoggedIn, _) => None,
            };
            insert_all!(c, mail_outbox::table, MailRow::all(&mails)?);
            Ok(Linking::Linked { reclaimed })
        })
    }

    async fn unlink(&self, user: UserId, provider: &str) -> Result<Unlinking, StoreError> {
        let (id, provider) = (Id::from(user), provider.to_owned());
        write_tx!(self, "unlink provider", |c| {
            let Some((password, _)) = lock_user!(c, id) else {
                return Ok(Unlinking::NotLinked);
            };
            let linked = first_linked_first(id).select(IdentityRow::as_select()).load(c).await?;
            let linked = linked.into_iter().map(LinkedIdentity::from).collect();
            let unlinking = Unlinking::judge(linked, &provider, password.is_some());
            if matches!(unlinking, Unlinking::Unlinked(_)) {
                let unlinked = identities_of(id).filter(oauth_identities::provider.eq(provider));
                diesel::delete(unlinked).execute(c).await?;
            }
            Ok(unlinking)
        })
    }
}

/// The identities of a user.
#[diesel::dsl::auto_type]
pub(super) fn identities_of(user: Id) -> _ {
    oauth_identities::table.filter(oauth_identities::user_id.eq(user))
}

/// The identities of a user in the order in which they were linked.
#[diesel::dsl::auto_type]
fn first_linked_first(user: Id) -> _ {
    let identities: identities_of = identities_of(user);
    identities.order((oauth_identities::created_at, oauth_identities::provider, oauth_identities::subject))
}
