use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{self, Client};

use super::take_away;

/// The keys of Redis that begin with a prefix, removed with the value.
pub(super) struct Keys {
    server: Client,
    prefix: String,
}

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many keys are looked through at a time.
const BATCH: usize = 1000;

impl Keys {
    /// Takes a prefix; makes sure that the server is there.
    pub(super) async fn make(url: &str, name: &str) -> anyhow::Result<Self> {
        if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
            bail!("the URL of Redis must look like redis://user:password@localhost:6379 or rediss://...");
        }
        let server = Client::open(url).context(
            "the URL of Redis cannot be read: it must look like redis://user:password@localhost:6379",
        )?;
        connect(&server).await?;
        Ok(Self { server, prefix: format!("{name}:") })
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let (server, pattern) = (self.server.clone(), format!("{}*", self.prefix));
        let by_hand = format!("redis-cli --scan --pattern '{pattern}' | xargs redis-cli unlink");
        take_away(&format!("what begins with {}", self.prefix), &by_hand, async move {
            let mut connection = connect(&server).await?;
            let mut cursor = 0_u64;
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(BATCH);
                let (next, found): (u64, Vec<Vec<u8>>) = scan.query_async(&mut connection).await?;
                if !found.is_empty() {
                    redis::cmd("UNLINK").arg(found).query_async::<()>(&mut connection).await?;
                }
                if next == 0 {
                    return Ok(());
                }
                cursor = next;
            }
        });
    }
}

async fn connect(server: &Client) -> anyhow::Result<MultiplexedConnection> {
    let away = |cause: &dyn std::fmt::Display| {
        anyhow!(
            "Redis at {} does not let the test server in ({cause}): start it, or correct the URL's host, user \
             and password",
            server.get_connection_info().addr()
        )
    };
    let connecting = async {
        let mut connection = server.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async::<()>(&mut connection).await?;
        Ok::<_, redis::RedisError>(connection)
    };
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected.map_err(|cause| away(&cause)),
        Err(_) => Err(away(&format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}
