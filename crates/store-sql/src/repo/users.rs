use archon_domain::ports::UserRepo;
use archon_domain::{
    AccountDeletion, AccountOpening, Amended, Amendment, ClientNetwork, EmailKey, Instant, NewAccount,
    ProfileVersion, StoreError, StoreErrorKind, User, UserId,
};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::identities::store_identity;
use super::read_one;
use crate::SqlStore;
use crate::db::{insert_all, on_db, write_one, write_tx};
use crate::roster::Roster;
use crate::rows::{MailRow, TokenRow, UserChanges, UserRow, roles_to_json};
use crate::schema::{known_networks, mail_outbox, one_time_tokens, password_history, sessions, users};
use crate::types::{Id, Ts};

#[async_trait]
impl UserRepo for SqlStore {
    async fn open_account(&self, account: NewAccount) -> Result<AccountOpening, StoreError> {
        write_tx!(self, "open account", |c| {
            let opened = diesel::insert_into(users::table)
                .values(UserRow::from(&account.user))
                .on_conflict_do_nothing()
                .execute(c)
                .await?;
            if opened == 0 {
                return Ok(AccountOpening::EmailTaken);
            }
            let id = Id::from(account.user.id);
            if let Some(identity) = &account.identity
                && !store_identity!(c, identity)
            {
                diesel::delete(users::table.find(id)).execute(c).await?;
                return Ok(AccountOpening::IdentityTaken);
            }
            if let Some(hash) = &account.user.password {
                diesel::insert_into(password_history::table)
                    .values((password_history::user_id.eq(id), password_history::hash.eq(hash.expose())))
                    .execute(c)
                    .await?;
            }
            if let Some(token) = &account.verification {
                diesel::insert_into(one_time_tokens::table).values(TokenRow::from(token)).execute(c).await?;
            }
            insert_all!(c, mail_outbox::table, MailRow::all(&account.mails)?);
            Ok(AccountOpening::Opened)
        })
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        on_db!(self, "find account", |c| {
            let query = users::table.find(Id::from(id)).select(UserRow::as_select());
            read_one(query.first(c).await.optional()?)
        })
    }

    async fn find_by_email(&self, email: &EmailKey) -> Result<Option<User>, StoreError> {
        let email = email.as_str().to_owned();
        on_db!(self, "find account by address", |c| {
            let query = users::table.filter(users::email_key.eq(email)).select(UserRow::as_select());
            read_one(query.first(c).await.optional()?)
        })
    }

    async fn amend(&self, id: UserId, amendment: Amendment, now: Instant) -> Result<Amended, StoreError> {
        let (id, ends_administration) = (Id::from(id), amendment.ends_administration());
        let changes = changes(amendment, now);
        write_tx!(self, "amend account", |c| {
            if ends_administration && is_last_administrator(id, &engine::lock_administrators(c, id).await?) {
                return Ok(Amended::LastAdministrator);
            }
            let amended = diesel::update(users::table.find(id))
                .set((changes, users::updated_at.eq(Ts(now))))
                .returning(UserRow::as_returning())
                .get_result(c)
                .await
                .optional()?;
            let amended = read_one(amended)?;
            Ok(amended.map_or(Amended::Unknown, |user: User| Amended::Changed(Box::new(user))))
        })
    }

    async fn record_login(&self, id: UserId, network: ClientNetwork, now: Instant) -> Result<(), StoreError> {
        let (id, network, now) = (Id::from(id), network.to_string(), Ts(now));
        write_tx!(self, "record log-in", |c| {
            let known =
                diesel::update(users::table.find(id)).set(users::last_login_at.eq(now)).execute(c).await?;
            if known == 1 {
                diesel::insert_into(known_networks::table)
                    .values((
                        known_networks::user_id.eq(id),
                        known_networks::network.eq(network),
                        known_networks::last_login_at.eq(now),
                    ))
                    .on_conflict((known_networks::user_id, known_networks::network))
                    .do_update()
                    .set(known_networks::last_login_at.eq(now))
                    .execute(c)
                    .await?;
            }
            Ok(())
        })
    }

    async fn changed_since(&self, since: Instant) -> Result<Vec<ProfileVersion>, StoreError> {
        let since = Ts(since);
        on_db!(self, "list changed accounts", |c| {
            let changed = users::table
                .filter(users::updated_at.ge(since))
                .or_filter(users::last_login_at.ge(since))
                .select((users::id, users::updated_at, users::last_login_at));
            let changed = changed.load(c).await?;
            let version = |(user, updated_at, last_login_at): (Id, Ts, Option<Ts>)| ProfileVersion {
                user: user.into(),
                updated_at: updated_at.into(),
                last_login_at: last_login_at.map(Into::into),
            };
            Ok(changed.into_iter().map(version).collect())
        })
    }

    async fn knows_network(
        &self,
        id: UserId,
        network: ClientNetwork,
        since: Instant,
    ) -> Result<bool, StoreError> {
        let network = network.to_string();
        on_db!(self, "look up known network", |c| {
            let known = known_networks::table
                .find((Id::from(id), network))
                .filter(known_networks::last_login_at.ge(Ts(since)))
                .select(known_networks::last_login_at);
            Ok(known.first::<Ts>(c).await.optional()?.is_some())
        })
    }

    async fn known_networks(&self, id: UserId) -> Result<Vec<(ClientNetwork, Instant)>, StoreError> {
        let rows: Vec<(String, Ts)> = on_db!(self, "list known networks", |c| {
            let known = known_networks::table.filter(known_networks::user_id.eq(Id::from(id)));
            let latest_first = known.order(known_networks::last_login_at.desc());
            Ok(latest_first.select((known_networks::network, known_networks::last_login_at)).load(c).await?)
        })?;
        let read = |(network, last): (String, Ts)| {
            let network = network.parse().map_err(|error| {
                StoreError::new(StoreErrorKind::Corrupt, "list known networks").with_source(error)
            });
            Ok((network?, last.0))
        };
        rows.into_iter().map(read).collect()
    }

    async fn forget_networks(&self, before: Instant) -> Result<u64, StoreError> {
        write_one!(self, "forget known networks", |c| {
            let unused = known_networks::table.filter(known_networks::last_login_at.lt(Ts(before)));
            Ok(diesel::delete(unused).execute(c).await? as u64)
        })
    }

    async fn delete_account(&self, id: UserId) -> Result<AccountDeletion, StoreError> {
        let id = Id::from(id);
        write_tx!(self, "delete account", |c| {
            // The row's own lock keeps new sessions out until it is gone.
            if is_last_administrator(id, &engine::lock_administrators(c, id).await?) {
                return Ok(AccountDeletion::LastAdministrator);
            }
            let sessions = diesel::delete(sessions::table.filter(sessions::user_id.eq(id)))
                .returning(sessions::id)
                .get_results::<String>(c)
                .await?;
            // What else belongs to the account goes with it, by the foreign keys.
            if diesel::delete(users::table.find(id)).execute(c).await? == 0 {
                return Ok(AccountDeletion::Unknown);
            }
            super::sessions::ids(sessions).map(AccountDeletion::Deleted)
        })
    }
}

/// Whether the account is the only one of these by which the service can be administered.
fn is_last_administrator(id: Id, locked: &[(Id, Roster)]) -> bool {
    let can_administer = Roster::administrators();
    let administrators = locked.iter().filter(|(_, roster)| can_administer.contains(roster));
    administrators.map(|(administrator, _)| *administrator).eq([id])
}

fn changes(amendment: Amendment, now: Instant) -> UserChanges {
    let none = UserChanges::default();
    match amendment {
        Amendment::Profile { name, metadata } => UserChanges {
            name: name.map(|name| name.as_str().to_owned()),
            metadata: metadata.map(|metadata| Value::Object(metadata.into_object())),
            ..none
        },
        Amendment::Status(status) => UserChanges { status: Some(status.as_str()), ..none },
        Amendment::Roles(roles) => UserChanges { roles: Some(roles_to_json(&roles)), ..none },
        Amendment::Unlock => UserChanges { attempts_void_before: Some(Ts(now)), ..none },
    }
}
