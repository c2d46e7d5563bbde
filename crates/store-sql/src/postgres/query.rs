//! A query of diesel as the driver takes it: text, and parameters in bytes.

use std::error::Error;

use diesel::pg::{
    FailedToLookupTypeError, Pg, PgMetadataCacheKey, PgMetadataLookup, PgQueryBuilder, PgTypeMetadata,
};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{QueryBuilder as _, QueryFragment};
use diesel::result::{Error as QueryError, QueryResult};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

/// What a statement needs to run.
pub(super) struct Query {
    pub(super) sql: String,
    /// Whether the text is the same for every value of its parameters.
    pub(super) repeats: bool,
    pub(super) types: Vec<Type>,
    pub(super) values: Vec<Value>,
}

/// A parameter as the server reads it; `None` for NULL.
#[derive(Debug)]
pub(super) struct Value(Option<Vec<u8>>);

impl Query {
    pub(super) fn of(source: &impl QueryFragment<Pg>) -> QueryResult<Self> {
        let mut builder = PgQueryBuilder::default();
        source.to_sql(&mut builder, &Pg)?;
        let mut parameters = RawBytesBindCollector::<Pg>::new();
        source.collect_binds(&mut parameters, &mut BuiltInTypes, &Pg)?;
        let types = parameters.metadata.iter().map(built_in).collect::<QueryResult<Vec<_>>>()?;
        let values = parameters.binds.into_iter().map(Value).collect();
        let repeats = source.is_safe_to_cache_prepared(&Pg)?;
        Ok(Self { sql: builder.finish(), repeats, types, values })
    }

    /// The parameters with their types, for a statement that is not prepared.
    pub(super) fn typed(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        let values = self.values.iter().map(|value| value as &(dyn ToSql + Sync));
        values.zip(self.types.iter().cloned()).collect()
    }
}

fn built_in(metadata: &PgTypeMetadata) -> QueryResult<Type> {
    let oid = metadata.oid().map_err(|cause| QueryError::SerializationError(Box::new(cause)))?;
    Type::from_oid(oid)
        .ok_or_else(|| QueryError::SerializationError(format!("no built-in type {oid}").into()))
}

/// The schema uses types that every server numbers alike, so none has to be looked up by its name.
struct BuiltInTypes;

impl PgMetadataLookup for BuiltInTypes {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let key =
            PgMetadataCacheKey::new(schema.map(|schema| schema.to_owned().into()), name.to_owned().into());
        PgTypeMetadata::from_result(Err(FailedToLookupTypeError::new(key)))
    }
}

impl ToSql for Value {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(bytes) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(kind, out)
    }
}
