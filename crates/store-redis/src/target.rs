//! What the Redis URL leads to.

use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
    RedisResult, TlsCertificates,
};

use crate::{OpenError, RedisOptions};

/// After so long without a word the other side is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Where to connect to, and how.
pub(crate) struct Target {
    /// The servers of the URL: one, or nodes of one cluster.
    seeds: Vec<ConnectionInfo>,
    /// The URL insists on a cluster.
    pub(crate) must_be_cluster: bool,
    config: AsyncConnectionConfig,
}

impl Target {
    pub(crate) fn new(options: &RedisOptions) -> Result<Self, OpenError> {
        if options.connect_timeout.is_zero() || options.response_timeout.is_zero() {
            return Err(OpenError::Options("time limits must be at least 1 ms".to_owned()));
        }
        let (must_be_cluster, urls) = split_url(&options.url)?;
        let mut seeds = Vec::with_capacity(urls.len());
        for url in urls {
            let info = url.into_connection_info().map_err(|cause| OpenError::Url(cause.to_string()))?;
            let settings = TcpSettings::default()
                .set_nodelay(true)
                .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3));
            seeds.push(with_tls(info.set_tcp_settings(settings), options)?);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(options.connect_timeout))
            .set_response_timeout(Some(options.response_timeout));
        Ok(Self { seeds, must_be_cluster, config })
    }

    pub(crate) fn seeds(&self) -> &[ConnectionInfo] {
        &self.seeds
    }

    /// The URL names several servers, so they must be nodes of one cluster.
    pub(crate) fn has_several_seeds(&self) -> bool {
        self.seeds.len() > 1
    }

    pub(crate) async fn connect(&self, info: &ConnectionInfo) -> RedisResult<MultiplexedConnection> {
        let client = Client::open(info.clone())?;
        client.get_multiplexed_async_connection_with_config(&self.config).await
    }
}

/// The same way to another node of a cluster; a node without a name is where `info` leads to.
pub(crate) fn to_node(
    info: &ConnectionInfo,
    node: &str,
    node_port: u16,
) -> Result<ConnectionInfo, RedisError> {
    let mut addr = info.addr().clone();
    match &mut addr {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            if !node.is_empty() {
                *host = node.to_owned();
            }
            *port = node_port;
        }
        _ => {
            addr = (node.to_owned(), node_port).into_connection_info()?.addr().clone();
        }
    }
    Ok(info.clone().set_addr(addr))
}

/// A server's address as a cluster names it.
pub(crate) fn node_name(info: &ConnectionInfo) -> String {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            format!("{host}:{port}")
        }
        other => other.to_string(),
    }
}

/// Whether the URL insists on a cluster, and a URL for each of its hosts.
fn split_url(url: &str) -> Result<(bool, Vec<String>), OpenError> {
    let unreadable = |text: &str| OpenError::Url(text.to_owned());
    let (scheme, rest) = url.trim().split_once("://").ok_or_else(|| unreadable("it has no scheme"))?;
    let (scheme, must_be_cluster) = match scheme.strip_suffix("-cluster") {
        Some(plain) => (plain, true),
        None => (scheme, false),
    };
    match scheme {
        "redis" | "rediss" | "valkey" | "valkeys" => {}
        "redis+unix" | "valkey+unix" | "unix" if !must_be_cluster => {
            return Ok((false, vec![format!("{scheme}://{rest}")]));
        }
        _ => return Err(unreadable("its scheme is not known")),
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if tail.contains('#') {
        return Err(unreadable("a # belongs to it: TLS is always verified"));
    }
    let (user, hosts) = match authority.rfind('@') {
        Some(at) => authority.split_at(at + 1),
        None => ("", authority),
    };
    Ok((must_be_cluster, hosts.split(',').map(|host| format!("{scheme}://{user}{host}{tail}")).collect()))
}

fn with_tls(info: ConnectionInfo, options: &RedisOptions) -> Result<ConnectionInfo, OpenError> {
    let uses_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
    if uses_tls {
        // Whoever starts the process has chosen a provider already, or it is this one; a second call is refused.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    }
    let Some(path) = &options.ca_file else {
        return Ok(info);
    };
    if !uses_tls {
        return Err(OpenError::Options("a file of certificates needs TLS: a URL with rediss://".to_owned()));
    }
    let unusable = |cause: String| OpenError::Certificates { path: path.clone(), cause };
    let pem = std::fs::read(path).map_err(|cause| unusable(cause.to_string()))?;
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem) };
    let client = Client::build_with_tls(info, certificates).map_err(|cause| unusable(cause.to_string()))?;
    Ok(client.get_connection_info().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(url: &str) -> Vec<String> {
        let target = Target::new(&RedisOptions::new(url)).unwrap();
        target.seeds.iter().map(node_name).collect()
    }

    #[test]
    fn urls_lead_to_one_server_or_to_nodes_of_a_cluster() {
        assert_eq!(nodes("redis://localhost"), ["localhost:6379"]);
        assert_eq!(nodes("rediss://ada:p%40ss@[2001:db8::1]:7000/0"), ["2001:db8::1:7000"]);
        assert_eq!(nodes("redis://:a,b@one:7000,two:7001,three"), ["one:7000", "two:7001", "three:6379"]);
        assert_eq!(nodes("rediss-cluster://u:p@one:7000,two:7001"), ["one:7000", "two:7001"]);
        assert_eq!(nodes("redis+unix:///run/redis.sock?db=2").len(), 1);
        let insists = |url| Target::new(&RedisOptions::new(url)).unwrap().must_be_cluster;
        assert!(insists("redis-cluster://one:7000") && !insists("redis://one:7000,two:7000"));
        let target = Target::new(&RedisOptions::new("redis://ada:p%40ss@one/3")).unwrap();
        let settings = target.seeds[0].redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("ada"), Some("p@ss"), 3));
    }

    #[test]
    fn bad_urls_and_options_are_refused_without_showing_the_password() {
        for url in [
            "localhost:6379",
            "http://u:hunter2@localhost",
            "redis://u:hunter2@local host",
            "redis://u:hunter2@localhost:x",
            "redis://u:hunter2@localhost/first",
            "rediss://u:hunter2@localhost/#insecure",
            "redis+unix-cluster:///run/redis.sock",
            "redis://u:hunter2@one,,two",
        ] {
            let message = Target::new(&RedisOptions::new(url)).err().unwrap().to_string();
            assert!(message.contains("must look like redis://") && !message.contains("hunter2"), "{message}");
        }
        let file =
            RedisOptions { ca_file: Some("/nowhere/ca.pem".into()), ..RedisOptions::new("rediss://one") };
        assert!(matches!(Target::new(&file), Err(OpenError::Certificates { .. })));
        let plain = RedisOptions { url: "redis://one".to_owned(), ..file };
        assert!(matches!(Target::new(&plain), Err(OpenError::Options(_))));
        let shown = format!("{:?}", RedisOptions::new("redis://u:hunter2@one"));
        assert!(!shown.contains("hunter2"));
    }
}
