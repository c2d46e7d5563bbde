//! The binary `archon-auth`: configuration, wiring, command line.
//!
//! A library as well, so that integration suites can start the whole service in-process.

mod alerts;
mod breached_passwords;
pub mod cli;
pub mod config;
pub mod data_dir;
mod fast_path;
mod geoip;
pub mod http;
pub mod keys;
mod parts;
mod providers;
pub mod service;
mod stores;
pub mod system;
pub mod telemetry;
pub mod wire;

pub use stores::StorePorts;
pub use wire::Surroundings;
