//! Starts the whole service in-process for integration suites: memory stores, a clock to turn, a mailbox
//! to read.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use archon_testkit::TestServer;
//! use serde_json::json;
//!
//! let server = TestServer::start().await?;
//! let body = json!({"email": "ada@example.com", "password": "SecurePass123!", "name": "Ada"});
//! let answer = server.client().post("/auth/register", &body).await?;
//! assert_eq!(answer.status, 201);
//! server.clock().advance(std::time::Duration::from_secs(901));
//! # Ok(())
//! # }
//! ```

mod client;
mod server;
mod surroundings;

pub use archon_mail_lettre::{Mailbox, SentMail};
pub use client::{Answer, Client};
pub use server::{TestServer, TestServerBuilder};
pub use surroundings::{TestClock, TestEntropy};
