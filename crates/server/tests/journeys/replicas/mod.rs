//! Three replicas behind a plain TCP balancer, on one PostgreSQL and one Redis.

mod balancer;
mod client;
mod faults;
mod ledger;
mod operators;
mod round_trips;
mod shared_budgets;
mod travel;

use std::time::Duration;

use archon_testkit::Client;
use tokio::task::JoinSet;

use self::balancer::Balancer;
use crate::support::servers::{OwnPostgres, OwnRedis};
use crate::support::{CHEAP, Folder, Service};

/// How many replicas there are.
const REPLICAS: usize = 3;

/// The whole installation.
struct Installation {
    postgres: OwnPostgres,
    redis: OwnRedis,
    replicas: Vec<Service>,
    balancer: Balancer,
}

impl Installation {
    /// Starts the servers and then all replicas at once, so that they race for the migrations and the first
    /// key.
    async fn start(settings: &[&str]) -> anyhow::Result<Self> {
        Self::start_on(OwnPostgres::start(&[])?, settings).await
    }

    async fn start_on(postgres: OwnPostgres, settings: &[&str]) -> anyhow::Result<Self> {
        let redis = OwnRedis::start()?;
        let database = format!("database.url={}", postgres.url());
        let fast_store = format!("redis.url={}", redis.url());
        let own = ["--set", &database, "--set", &fast_store];
        let arguments: Vec<String> =
            CHEAP.iter().chain(&own).chain(settings).map(|argument| (*argument).to_owned()).collect();
        let mut starting = JoinSet::new();
        for _ in 0..REPLICAS {
            let arguments = arguments.clone();
            starting.spawn_blocking(move || {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                Service::start_in(Folder::new()?, &arguments)
            });
        }
        let replicas = starting.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let balancer =
            Balancer::start(replicas.iter().map(|each| each.address().to_owned()).collect()).await?;
        let installation = Self { postgres, redis, replicas, balancer };
        installation.until_healthy().await?;
        Ok(installation)
    }

    /// A client of the balancer.
    fn client(&self) -> anyhow::Result<Client> {
        Client::new(format!("http://{}", self.balancer.address()))
    }

    /// A client of one replica.
    fn replica(&self, number: usize) -> &Client {
        self.replicas[number].client()
    }

    /// Waits until every replica says that all of its dependencies are healthy; returns how long it took.
    async fn until_healthy(&self) -> anyhow::Result<Duration> {
        let begun = tokio::time::Instant::now();
        for replica in &self.replicas {
            until_healthy(replica.client()).await?;
        }
        Ok(begun.elapsed())
    }
}

async fn until_healthy(client: &Client) -> anyhow::Result<()> {
    let healthy = async {
        loop {
            let health = client.get("/auth/health").await;
            if health.is_ok_and(|health| health.text_at("/status") == "healthy") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), healthy)
        .await
        .map_err(|_| anyhow::anyhow!("a replica did not become healthy within 60 s"))
}
