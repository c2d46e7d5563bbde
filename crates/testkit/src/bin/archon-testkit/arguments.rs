use std::net::IpAddr;

use anyhow::ensure;
use archon_server::config::parse_override;
use archon_testkit::{Backend, Instant, TestServer, TestServerBuilder};
use clap::Parser;

/// The whole of Archon Auth for test suites: stores in memory, a clock to turn, a mailbox to read.
///
/// Prints one line of JSON once it listens: base_url of the service, control_url of its control, and the seed.
/// Never for production: whoever reaches the control owns the service.
#[derive(Debug, Parser)]
#[command(name = "archon-testkit", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The port of the service; 0 takes any free one.
    #[arg(long, default_value_t = 8181)]
    port: u16,
    /// The port of the control; 0 takes any free one.
    #[arg(long, default_value_t = 8182)]
    pub(crate) control_port: u16,
    /// The address that both listen on; 0.0.0.0 lets other containers in.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Makes identifiers follow from a number; the clock then starts on 2026-01-05.
    #[arg(long)]
    seed: Option<u64>,
    /// When the clock starts, such as 2026-01-05T10:00:00Z, in place of the present.
    #[arg(long, value_name = "TIME")]
    start_at: Option<Instant>,
    /// Keep everything in a schema of its own on this PostgreSQL server.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Put this Redis server in front of PostgreSQL.
    #[arg(long, value_name = "URL", requires = "postgres")]
    redis: Option<String>,
    /// Set one setting of the service; may come again.
    #[arg(long, value_name = "SECTION.KEY=VALUE", value_parser = parse_override)]
    set: Vec<(String, String)>,
}

impl Arguments {
    /// Whether nobody but this machine can reach what listens on `host`.
    pub(crate) fn is_private(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// The server that was asked for.
    ///
    /// # Errors
    /// When a setting goes round the other arguments.
    pub(crate) fn builder(&self) -> anyhow::Result<TestServerBuilder> {
        let builder = TestServer::builder().set("server.host", &self.host);
        let mut builder = builder.set("server.port", &self.port.to_string()).backend(self.backend());
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        if let Some(start_at) = self.start_at {
            builder = builder.start_at(start_at);
        }
        for (key, value) in &self.set {
            let is_ours = key != "server.host" && key != "server.port";
            ensure!(is_ours, "{key} cannot be set here: use --host and --port");
            builder = builder.set(key, value);
        }
        Ok(builder)
    }

    fn backend(&self) -> Backend {
        match (&self.postgres, &self.redis) {
            (Some(postgres), Some(redis)) => Backend::postgres_and_redis(postgres, redis),
            (Some(postgres), None) => Backend::postgres(postgres),
            (None, _) => Backend::Memory,
        }
    }
}
