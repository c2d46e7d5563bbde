//! Servers of one's own: for tests that stop, restart or starve them.

mod mail;
mod postgres;
mod redis;

use std::net::TcpListener;
use std::path::PathBuf;

pub(crate) use mail::OwnMailServer;
pub(crate) use postgres::OwnPostgres;
pub(crate) use redis::OwnRedis;

/// A port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Where a program is, if it is on the search path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
