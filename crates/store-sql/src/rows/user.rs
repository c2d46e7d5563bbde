use std::collections::BTreeSet;

use archon_domain::{Metadata, PasswordHash, Role, User};
use diesel::prelude::*;
use serde_json::Value;

use super::{email, instant, name};
use crate::error::Fault;
use crate::schema::users;
use crate::types::{Id, Ts};

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct UserRow {
    id: Id,
    email: String,
    email_key: String,
    name: String,
    pub(crate) password_hash: Option<String>,
    email_verified_at: Option<Ts>,
    roles: Value,
    status: String,
    metadata: Value,
    created_at: Ts,
    updated_at: Ts,
    last_login_at: Option<Ts>,
    attempts_void_before: Ts,
}

/// What an amendment changes; what is `None` stays.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = users)]
pub(crate) struct UserChanges {
    pub(crate) name: Option<String>,
    pub(crate) metadata: Option<Value>,
    pub(crate) status: Option<&'static str>,
    pub(crate) roles: Option<Value>,
    pub(crate) attempts_void_before: Option<Ts>,
}

/// Roles as the column holds them: a list of words.
pub(crate) fn roles_to_json(roles: &BTreeSet<Role>) -> Value {
    roles.iter().map(Role::as_str).collect()
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.into(),
            email: user.email.as_typed().to_owned(),
            email_key: user.email.key().as_str().to_owned(),
            name: user.name.as_str().to_owned(),
            password_hash: user.password.as_ref().map(|hash| hash.expose().to_owned()),
            email_verified_at: user.email_verified_at.map(Ts),
            roles: roles_to_json(&user.roles),
            status: user.status.as_str().to_owned(),
            metadata: Value::Object(user.metadata.as_object().clone()),
            created_at: Ts(user.created_at),
            updated_at: Ts(user.updated_at),
            last_login_at: user.last_login_at.map(Ts),
            attempts_void_before: Ts(user.attempts_void_before),
        }
    }
}

impl TryFrom<UserRow> for User {
    type Error = Fault;

    fn try_from(row: UserRow) -> Result<Self, Fault> {
        let email = email(&row.email)?;
        if email.key().as_str() != row.email_key {
            return Err(Fault::corrupt("email_key is not the lower-cased email"));
        }
        let Value::Object(metadata) = row.metadata else {
            return Err(Fault::corrupt("metadata is no object"));
        };
        let metadata = Metadata::new(metadata);
        Ok(Self {
            id: row.id.into(),
            email,
            name: name(&row.name)?,
            password: row.password_hash.map(PasswordHash::new),
            email_verified_at: instant(row.email_verified_at),
            roles: roles(&row.roles)?,
            status: row.status.parse().map_err(Fault::corrupt)?,
            metadata: metadata
                .map_err(|error| Fault::corrupt(format!("stored metadata: {}", error.message)))?,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
            last_login_at: instant(row.last_login_at),
            attempts_void_before: row.attempts_void_before.into(),
        })
    }
}

fn roles(stored: &Value) -> Result<BTreeSet<Role>, Fault> {
    let words = stored.as_array().ok_or_else(|| Fault::corrupt("roles are no list"))?;
    let role = |word: &Value| {
        let word = word.as_str().ok_or_else(|| Fault::corrupt("a role is no text"))?;
        Role::parse(word).map_err(Fault::corrupt)
    };
    words.iter().map(role).collect()
}
