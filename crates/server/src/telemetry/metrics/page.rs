use std::sync::Arc;
use std::time::Duration;

use archon_app::Auth;
use archon_domain::ports::Outbox;
use archon_store_sql::SqlStore;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;

/// What is shown at `/metrics`: what was counted as it happened, and what is looked up when somebody asks.
#[derive(Clone)]
pub struct MetricsPage {
    recorded: PrometheusHandle,
    auth: Arc<Auth>,
    outbox: Arc<dyn Outbox>,
    sql: Option<SqlStore>,
}

impl MetricsPage {
    /// How long the database may take: Prometheus waits for ten seconds.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// How often the histograms are made small, as their library asks.
    const UPKEEP: Duration = Duration::from_secs(5);

    /// The page of a service; `sql` is its database, where it has one.
    #[must_use]
    pub fn new(
        recorded: PrometheusHandle,
        auth: Arc<Auth>,
        outbox: Arc<dyn Outbox>,
        sql: Option<SqlStore>,
    ) -> Self {
        Self { recorded, auth, outbox, sql }
    }

    /// The figures as of now, in the text format of Prometheus.
    pub async fn render(&self) -> String {
        // First: Prometheus notes when it has asked, and the clock is held against that.
        #[expect(clippy::cast_precision_loss, reason = "good to the microsecond for centuries")]
        gauge!("archon_clock_seconds").set(self.auth.now().timestamp_micros() as f64 / 1e6);
        gauge!("archon_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        self.look_at_pools();
        self.look_at_mails().await;
        #[cfg(target_os = "linux")]
        super::process::look();
        self.recorded.render()
    }

    /// Keeps the page small, for ever. Holds nothing else of the service, which ends once nobody holds it.
    pub fn keep_up(&self) -> impl Future<Output = ()> + Send + use<> {
        let recorded = self.recorded.clone();
        async move {
            loop {
                tokio::time::sleep(Self::UPKEEP).await;
                recorded.run_upkeep();
            }
        }
    }

    /// How the mails stand. While the database is away their gauges stay as they were.
    async fn look_at_mails(&self) {
        let counts = tokio::time::timeout(Self::PATIENCE, self.outbox.counts()).await;
        let Ok(Ok(counts)) = counts else { return gauge!("archon_database_up").set(0.0) };
        gauge!("archon_database_up").set(1.0);
        let now = self.auth.now();
        let age = counts.oldest_pending.map_or(0, |since| (now - since).num_seconds().max(0));
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
        {
            gauge!("archon_mail_queue_pending").set(counts.pending as f64);
            gauge!("archon_mail_queue_failed").set(counts.failed as f64);
            gauge!("archon_mail_queue_age_seconds").set(age as f64);
        }
    }

    fn look_at_pools(&self) {
        for pool in self.sql.iter().flat_map(SqlStore::pools) {
            let name = pool.pool;
            #[expect(clippy::cast_precision_loss, reason = "nobody has that many connections")]
            {
                gauge!("archon_database_connections", "pool" => name, "state" => "in_use")
                    .set(pool.in_use as f64);
                gauge!("archon_database_connections", "pool" => name, "state" => "idle")
                    .set(pool.idle as f64);
                gauge!("archon_database_connections_max", "pool" => name).set(pool.max as f64);
                gauge!("archon_database_waiting", "pool" => name).set(pool.waiting as f64);
            }
        }
    }
}
