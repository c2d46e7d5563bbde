use archon_domain::LinkedIdentity;
use diesel::prelude::*;

use crate::schema::oauth_identities;
use crate::types::{Id, Ts};

/// A row of `oauth_identities`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = oauth_identities, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct IdentityRow {
    provider: String,
    subject: String,
    user_id: Id,
    email: Option<String>,
    created_at: Ts,
}

impl From<&LinkedIdentity> for IdentityRow {
    fn from(identity: &LinkedIdentity) -> Self {
        Self {
            provider: identity.provider.clone(),
            subject: identity.subject.clone(),
            user_id: identity.user.into(),
            email: identity.email.clone(),
            created_at: Ts(identity.created_at),
        }
    }
}

impl From<IdentityRow> for LinkedIdentity {
    fn from(row: IdentityRow) -> Self {
        Self {
            user: row.user_id.into(),
            provider: row.provider,
            subject: row.subject,
            email: row.email,
            created_at: row.created_at.into(),
        }
    }
}
