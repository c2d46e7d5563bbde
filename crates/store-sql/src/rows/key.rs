use archon_domain::{KeyId, SigningKey};
use diesel::prelude::*;
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::schema::signing_keys;
use crate::types::Ts;

/// A row of `signing_keys`. Never shown.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = signing_keys, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct KeyRow {
    id: String,
    algorithm: String,
    private_pem: String,
    created_at: Ts,
    signs_from: Ts,
}

impl From<&SigningKey> for KeyRow {
    fn from(key: &SigningKey) -> Self {
        Self {
            id: key.id.as_str().to_owned(),
            algorithm: key.algorithm.as_str().to_owned(),
            private_pem: key.private_pem.as_str().to_owned(),
            created_at: Ts(key.created_at),
            signs_from: Ts(key.signs_from),
        }
    }
}

impl TryFrom<KeyRow> for SigningKey {
    type Error = Fault;

    fn try_from(row: KeyRow) -> Result<Self, Fault> {
        Ok(Self {
            id: KeyId::new(row.id),
            algorithm: row.algorithm.parse().map_err(Fault::corrupt)?,
            private_pem: Zeroizing::new(row.private_pem),
            created_at: row.created_at.into(),
            signs_from: row.signs_from.into(),
        })
    }
}
