//! The binary `archon-auth`: configuration, wiring, command line.
//!
//! A library as well, so that integration suites can start the whole service in-process.

mod breached_passwords;
pub mod cli;
pub mod config;
pub mod data_dir;
mod fast_path;
pub mod http;
pub mod keys;
mod providers;
mod stores;
pub mod system;
pub mod telemetry;
pub mod wire;

pub use stores::StorePorts;
pub use wire::Surroundings;
