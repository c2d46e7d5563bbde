//! Starts the whole service in-process for integration suites: on any backend, with a clock to turn and a
//! mailbox to read.
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use archon_testkit::TestServer;
//!
//! let server = TestServer::start().await?;
//! let ada = server.register("ada@example.com").await?;
//! assert_eq!(server.client_of(&ada).get("/auth/me").await?.status, 200);
//!
//! server.expire_access_tokens();
//! assert_eq!(server.client_of(&ada).get("/auth/me").await?.status, 401);
//! # anyhow::Ok(()) })?;
//! # anyhow::Ok(())
//! ```
//!
//! `docs/testing.md` goes on from there. The program `archon-testkit` does the same for suites in other
//! languages.

mod backend;
mod builder;
mod client;
mod clock;
mod entropy;
mod host;
mod place;
mod server;
mod user;

pub use archon_domain::Instant;
pub use archon_mail_lettre::{Mailbox, Reception, SentMail};
pub use backend::Backend;
pub use builder::TestServerBuilder;
pub use client::{Answer, Client};
pub use clock::TestClock;
pub use entropy::TestEntropy;
pub use server::TestServer;
pub use user::User;
