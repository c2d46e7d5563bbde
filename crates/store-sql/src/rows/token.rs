use archon_domain::IssuedToken;
use diesel::prelude::*;

use crate::schema::one_time_tokens;
use crate::types::{Id, Ts};

/// A row of `one_time_tokens`.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = one_time_tokens, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct TokenRow {
    digest: Vec<u8>,
    user_id: Id,
    purpose: &'static str,
    issued_at: Ts,
    expires_at: Ts,
}

impl From<&IssuedToken> for TokenRow {
    fn from(token: &IssuedToken) -> Self {
        Self {
            digest: token.digest.as_bytes().to_vec(),
            user_id: token.user.into(),
            purpose: token.purpose.as_str(),
            issued_at: Ts(token.issued_at),
            expires_at: Ts(token.expires_at),
        }
    }
}
