use std::os::unix::fs::MetadataExt as _;

use archon_domain::StoreError;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use crate::SqlStore;
use crate::db::{Db, on_db};
use crate::error::Fault;

#[derive(QueryableByName)]
struct Identity {
    #[diesel(sql_type = Text)]
    identity: String,
}

impl SqlStore {
    /// A text that is the same for every handle on one database, whatever its URL calls it, and another for
    /// every other database.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn identity(&self) -> Result<String, StoreError> {
        let question = match self.db {
            // Which server: no two begin in the same microsecond. Addresses would not do, since one server
            // has several, and one may stand for several servers.
            Db::Postgres { .. } => {
                "SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), current_database(), \
                 current_schema()) AS identity"
            }
            Db::Sqlite { .. } => "SELECT file AS identity FROM pragma_database_list WHERE name = 'main'",
        };
        let answer = on_db!(self, "ask which database this is", |c| {
            Ok(diesel::sql_query(question).get_result::<Identity>(c).await?.identity)
        })?;
        match self.db {
            Db::Postgres { .. } => Ok(answer),
            Db::Sqlite { .. } => {
                let file = std::fs::metadata(&answer)
                    .map_err(|cause| Fault::corrupt(cause).at("ask which database this is"))?;
                Ok(format!("{}:{}", file.dev(), file.ino()))
            }
        }
    }
}
