use archon_domain::ports::KeyStore;
use archon_domain::{KeyId, SigningKey, StoreError};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::read_all;
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::rows::KeyRow;
use crate::schema::signing_keys;

#[async_trait]
impl KeyStore for SqlStore {
    async fn load(&self) -> Result<Vec<SigningKey>, StoreError> {
        on_db!(self, "load signing keys", |c| {
            read_all(signing_keys::table.select(KeyRow::as_select()).load(c).await?)
        })
    }

    async fn add_first(&self, key: SigningKey) -> Result<bool, StoreError> {
        write_tx!(self, "add first signing key", |c| {
            engine::lock_keys(c).await?;
            if signing_keys::table.count().get_result::<i64>(c).await? > 0 {
                return Ok(false);
            }
            diesel::insert_into(signing_keys::table).values(KeyRow::from(&key)).execute(c).await?;
            Ok(true)
        })
    }

    async fn add(&self, key: SigningKey) -> Result<(), StoreError> {
        write_one!(self, "add signing key", |c| {
            diesel::insert_into(signing_keys::table).values(KeyRow::from(&key)).execute(c).await?;
            Ok(())
        })
    }

    async fn replace(&self, key: SigningKey) -> Result<bool, StoreError> {
        let id = key.id.as_str().to_owned();
        write_one!(self, "replace signing key", |c| {
            let replaced = diesel::update(signing_keys::table.find(id)).set(KeyRow::from(&key));
            Ok(replaced.execute(c).await? == 1)
        })
    }

    async fn remove(&self, id: &KeyId) -> Result<bool, StoreError> {
        let id = id.as_str().to_owned();
        write_one!(self, "remove signing key", |c| {
            Ok(diesel::delete(signing_keys::table.find(id)).execute(c).await? == 1)
        })
    }
}
