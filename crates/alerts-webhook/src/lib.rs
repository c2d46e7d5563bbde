//! Tells alerts to webhooks.
//!
//! Each is a POST with a JSON body, signed as [Standard Webhooks](https://www.standardwebhooks.com) says, so that
//! receivers can use its libraries. `docs/alerts.md` tells operators about it, and shows a receiver.
//!
//! ```
//! use archon_alerts_webhook::{Webhook, WebhookSettings, Webhooks};
//!
//! let settings = WebhookSettings::new("http://127.0.0.1:9000/alerts", "a secret of 24 characters");
//! let webhooks = Webhooks::new([("pager".to_owned(), Webhook::new(&settings)?)]);
//! # let _ = webhooks;
//! # Ok::<(), archon_alerts_webhook::WebhookError>(())
//! ```

mod error;
mod sender;
mod signature;
mod webhook;

pub use error::WebhookError;
pub use sender::Webhooks;
pub use webhook::{Webhook, WebhookSettings};
