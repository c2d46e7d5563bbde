//! The durable storage ports on SQLite and PostgreSQL, by diesel: one schema, one set of queries, two engines.
