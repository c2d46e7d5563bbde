//! What Redis says of itself.

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::cmd;

use crate::fault::Fault;

/// The oldest version that knows every command that is used.
const OLDEST: (u32, u32) = (6, 2);

/// What one Redis server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisFacts {
    /// `redis_version`; Valkey says which Redis it stands in for.
    pub version: String,
    /// `role`: master or slave.
    pub role: String,
    /// Whether it is a node of a cluster.
    pub cluster: bool,
    /// `maxmemory_policy`.
    pub eviction_policy: String,
    /// `maxmemory` in bytes; 0 when there is no limit.
    pub max_memory: u64,
    /// `used_memory` in bytes.
    pub used_memory: u64,
    /// Keys evicted for want of memory since the server started.
    pub evicted_keys: u64,
    /// How many clients are connected.
    pub connected_clients: u64,
}

impl RedisFacts {
    pub(crate) async fn ask(connection: &mut MultiplexedConnection) -> Result<Self, Fault> {
        let info: String = cmd("INFO").query_async(connection).await?;
        Ok(Self::read(&info))
    }

    fn read(info: &str) -> Self {
        let text = |name: &str| {
            let found = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            found.unwrap_or_default().trim_end().to_owned()
        };
        let number = |name: &str| text(name).parse().unwrap_or(0);
        Self {
            version: text("redis_version"),
            role: text("role"),
            cluster: number("cluster_enabled") == 1,
            eviction_policy: text("maxmemory_policy"),
            max_memory: number("maxmemory"),
            used_memory: number("used_memory"),
            evicted_keys: number("evicted_keys"),
            connected_clients: number("connected_clients"),
        }
    }

    /// Why the cluster that a server is a node of cannot serve, if it cannot, and what to do.
    pub(crate) async fn cluster_fitness(connection: &mut MultiplexedConnection) -> Result<(), Fault> {
        let info: String = cmd("CLUSTER").arg("INFO").query_async(connection).await?;
        if info.lines().any(|line| line.trim_end() == "cluster_state:ok") {
            return Ok(());
        }
        Err(Fault::Unfit("the Redis Cluster is not whole: see redis-cli --cluster check".to_owned()))
    }

    /// Why the server cannot serve, if it cannot, and what to do.
    pub(crate) fn fitness(&self) -> Result<(), String> {
        if self.version_number().is_some_and(|version| version < OLDEST) {
            let (major, minor) = OLDEST;
            return Err(format!("Redis {} is too old: {major}.{minor} or newer is needed", self.version));
        }
        if self.role == "slave" {
            return Err("this Redis is a replica: the Redis URL must lead to the master".to_owned());
        }
        let is_full = self.max_memory > 0 && self.used_memory > self.max_memory;
        if is_full && self.eviction_policy == "noeviction" {
            return Err("Redis is full: set maxmemory-policy allkeys-lru, or raise maxmemory".to_owned());
        }
        Ok(())
    }

    fn version_number(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(change: impl FnOnce(&mut RedisFacts)) -> RedisFacts {
        let info = "# Server\r\nredis_version:7.0.15\r\nrole:master\r\ncluster_enabled:1\r\nmaxmemory:0\r\n\
                    maxmemory_policy:noeviction\r\nused_memory:900\r\nused_memory_human:900B\r\nevicted_keys:3\r\n";
        let mut facts = RedisFacts::read(info);
        change(&mut facts);
        facts
    }

    #[test]
    fn info_is_read_by_whole_names() {
        let read = facts(|_| {});
        assert_eq!((read.version.as_str(), read.role.as_str(), read.cluster), ("7.0.15", "master", true));
        assert_eq!((read.used_memory, read.evicted_keys, read.connected_clients), (900, 3, 0));
    }

    #[test]
    fn a_server_that_cannot_serve_says_why() {
        assert_eq!(facts(|_| {}).fitness(), Ok(()));
        assert_eq!(facts(|it| it.max_memory = 1000).fitness(), Ok(()));
        for (unfit, wanted) in [
            (facts(|it| it.version = "6.0.20".to_owned()), "6.2 or newer"),
            (facts(|it| it.role = "slave".to_owned()), "the master"),
            (facts(|it| it.max_memory = 800), "allkeys-lru"),
        ] {
            assert!(unfit.fitness().unwrap_err().contains(wanted));
        }
    }
}
