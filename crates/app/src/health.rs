use std::future::Future;
use std::time::Duration;

use archon_domain::{Instant, Span, StoreError};

use crate::Auth;

/// How long a dependency may take to answer before it counts as unhealthy.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the mail transport is asked at the most.
const MAIL_LOOK_EVERY: Span = Span::seconds(10);

/// How the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The sum of it.
    pub status: HealthStatus,
    /// When it was asked.
    pub at: Instant,
    /// For how long the service has run.
    pub uptime: Span,
    /// The database.
    pub database: DependencyHealth,
    /// The shared fast store.
    pub redis: DependencyHealth,
    /// The mail transport.
    pub mail: DependencyHealth,
}

/// The sum of all dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// Everything works.
    Healthy,
    /// The service works, but something behind it does not.
    Degraded,
    /// The service cannot work.
    Unhealthy,
}

/// How one dependency is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependencyHealth {
    /// It answers.
    Healthy,
    /// The deployment does not use it.
    NotConfigured,
    /// It does not answer, and this is as much of the reason as a stranger may know.
    Unhealthy(&'static str),
}

impl Auth {
    /// Asks every dependency how it is.
    pub async fn health(&self) -> Health {
        let (database, mail) =
            futures::join!(ask("database", self.ports.database.probe()), self.mail_health());
        let redis = self.fast_store_health();
        let status = match (&database, &redis, &mail) {
            (DependencyHealth::Unhealthy(_), _, _) => HealthStatus::Unhealthy,
            (_, DependencyHealth::Unhealthy(_), _) | (_, _, DependencyHealth::Unhealthy(_)) => {
                HealthStatus::Degraded
            }
            _ => HealthStatus::Healthy,
        };
        let at = self.now();
        let uptime = at - self.started_at;
        Health { status, at, uptime, database, redis, mail }
    }

    /// Whether the fast store is relied on. It is not asked here: its keeper asks it every second.
    fn fast_store_health(&self) -> DependencyHealth {
        match &self.ports.fast_store {
            None => DependencyHealth::NotConfigured,
            Some(breaker) if breaker.is_closed() => DependencyHealth::Healthy,
            Some(_) => DependencyHealth::Unhealthy("unreachable; serving from the database"),
        }
    }

    /// How the mail transport was at the last look: a look is a connection to somebody else's server, which
    /// strangers must not be able to cause at will.
    async fn mail_health(&self) -> DependencyHealth {
        let mut last_look = self.mail_health.lock().await;
        let now = self.now();
        match &*last_look {
            Some((at, health)) if now - *at < MAIL_LOOK_EVERY => health.clone(),
            _ => {
                let health = ask("mail", self.ports.mailer.probe()).await;
                *last_look = Some((now, health.clone()));
                health
            }
        }
    }

    /// Whether requests can be served: the database answers.
    pub async fn is_ready(&self) -> bool {
        ask("database", self.ports.database.probe()).await == DependencyHealth::Healthy
    }
}

async fn ask(name: &str, probe: impl Future<Output = Result<(), StoreError>>) -> DependencyHealth {
    match tokio::time::timeout(PATIENCE, probe).await {
        Ok(Ok(())) => DependencyHealth::Healthy,
        Ok(Err(error)) => {
            tracing::warn!(dependency = name, error = &error as &dyn std::error::Error, "unhealthy");
            DependencyHealth::Unhealthy("unreachable")
        }
        Err(_) => {
            tracing::warn!(dependency = name, "unhealthy: no answer in time");
            DependencyHealth::Unhealthy("no answer within 2 s")
        }
    }
}
