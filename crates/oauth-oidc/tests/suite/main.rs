//! Providers as they are: certified ones, failing ones, slow ones, and those that lie.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod callbacks;
mod certified;
mod discovery;
mod github;
mod id_tokens;
mod keys;
mod microsoft;
mod outages;
mod settings;
mod support;
mod tls;
mod user_info;
