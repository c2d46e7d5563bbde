use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use archon_server::telemetry::metrics::registry::{self, Kind, Metric, Values};
use archon_testkit::Client;
use reqwest::Method;
use tokio::time::{sleep, timeout};

use super::page::{Page, Sample};
use crate::support::servers::OwnRedis;
use crate::support::{Account, CHEAP, Database, Service};

/// Waits until the page is as it should be; returns it.
async fn page_once(metrics: &Client, what: &str, is_so: impl Fn(&Page) -> bool) -> anyhow::Result<Page> {
    let waiting = timeout(Duration::from_secs(30), async {
        loop {
            let page = Page::get(metrics).await?;
            if is_so(&page) {
                return anyhow::Ok(page);
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    waiting.await.with_context(|| format!("waited in vain until {what}"))?
}

/// What users do, and others.
async fn traffic(client: &Client) -> anyhow::Result<()> {
    let ada = Account::register(client, "ada@example.com").await?;
    assert_eq!(ada.me(client).await?.status, 200);
    assert_eq!(ada.me(client).await?.status, 200);
    assert_eq!(ada.log_in(client, "wrong-Password-1").await?.status, 401);
    assert_eq!(client.get("/nobody/knows/this").await?.status, 404);
    let made_up = Method::from_bytes(b"BREW")?;
    assert!(client.send(made_up, "/auth/login", None).await?.status >= 400);
    let lost = client.get("/auth/oauth/nobody/callback?code=a&state=b").await?;
    assert!((400..500).contains(&lost.status), "{} {}", lost.status, lost.text);
    Ok(())
}

/// Where a sample breaks what the registry says of its figure; `None` where it does not.
fn fault_of(sample: &Sample) -> Option<String> {
    let is_shown_as = |metric: &&Metric| metric.shown_as().contains(&sample.name);
    let Some(metric) = registry::all().find(is_shown_as) else {
        return Some(format!("{} is not registered", sample.name));
    };
    let wanted: BTreeSet<_> = metric.labels.iter().map(|label| label.name).collect();
    let has: BTreeSet<_> = sample.labels.keys().map(String::as_str).filter(|name| *name != "le").collect();
    if has != wanted {
        return Some(format!("{} has the labels {has:?}", sample.name));
    }
    let strange = metric.labels.iter().find(|label| match &label.values {
        Values::These(values) => !values.contains(&sample.labels[label.name].as_str()),
        Values::Described(_) => false,
    });
    strange.map(|label| format!("{} has the {} {}", sample.name, label.name, sample.labels[label.name]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_registered_figure_is_shown_after_traffic_and_no_other() -> anyhow::Result<()> {
    let (database, mut redis) = (Database::create()?, OwnRedis::start()?);
    let (database_url, redis_url) =
        (format!("database.url={}", database.url()), format!("redis.url={}", redis.url()));
    let stores = ["--set", &database_url, "--set", &redis_url, "--set", "database.max_connections=7"];
    // A busy machine is no reason to go on without Redis.
    let patient = ["--set", "redis.patience=10000"];
    let service = Service::start(&[&CHEAP[..], &stores, &patient].concat())?;
    let (client, metrics) = (service.client(), service.metrics()?);
    page_once(&metrics, "Redis is relied on", |page| page.sum("archon_fast_store_up", &[]) > 0.0).await?;
    traffic(client).await?;
    let mailed = [("kind", "welcome"), ("outcome", "sent")];
    let page =
        page_once(&metrics, "a mail is sent", |page| page.sum("archon_mails_total", &mailed) > 0.0).await?;
    for (name, labels, value) in [
        ("archon_http_requests_total", &[("route", "/auth/register"), ("status", "201")][..], 1.0),
        ("archon_http_request_seconds_count", &[("method", "GET"), ("route", "/auth/me")], 2.0),
        ("archon_http_requests_total", &[("method", "other")], 1.0),
        ("archon_http_requests_total", &[("route", "unknown"), ("status", "404")], 1.0),
        ("archon_logins_total", &[("outcome", "invalid_credentials")], 1.0),
        ("archon_oauth_total", &[("provider", "unknown")], 1.0),
        ("archon_rate_limit_decisions_total", &[("bucket", "login"), ("decision", "allowed")], 1.0),
        ("archon_hash_seconds_count", &[], 2.0),
        ("archon_hash_wait_seconds_count", &[], 2.0),
        ("archon_hash_queue_depth", &[], 0.0),
        ("archon_database_up", &[], 1.0),
        ("archon_database_connections_max", &[("pool", "postgres")], 7.0),
        ("archon_fast_store_up", &[], 1.0),
        ("archon_mail_send_seconds_count", &[("outcome", "sent")], 2.0),
        ("archon_security_events_total", &[("type", "login_failed")], 1.0),
        ("archon_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0),
    ] {
        assert_eq!(page.sum(name, labels), value, "{name} {labels:?}");
    }
    assert!(page.sum("archon_session_lookups_total", &[("fast_store", "hit")]) >= 1.0);
    assert!(page.sum("archon_database_connections", &[("pool", "postgres")]) >= 1.0);
    assert!(page.sum("archon_hash_threads", &[]) >= 1.0);
    let (clock, started) =
        (page.sum("archon_clock_seconds", &[]), page.sum("process_start_time_seconds", &[]));
    assert!((started - 1.0..started + 3600.0).contains(&clock), "{clock} {started}");

    redis.kill_hard()?;
    assert_eq!(client.get("/auth/health").await?.status, 200);
    let page = page_once(&metrics, "Redis is away", |page| {
        page.sum("archon_fast_store_failures_total", &[]) > 0.0 && page.sum("archon_fast_store_up", &[]) < 1.0
    })
    .await?;

    for metric in registry::all() {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        assert_eq!(page.types.get(metric.name).map(String::as_str), Some(kind), "{}", metric.name);
        assert!(page.explained.contains(metric.name), "{} is not explained", metric.name);
    }
    let faults: Vec<_> = page.samples.iter().filter_map(fault_of).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(page.types.keys().all(|name| registry::all().any(|metric| metric.name == name)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_answered_while_the_database_is_away() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    let metrics = service.metrics()?;
    let page = Page::get(&metrics).await?;
    assert_eq!(page.sum("archon_database_up", &[]), 1.0);
    for (pool, max) in [("sqlite_readers", 4.0), ("sqlite_writer", 1.0)] {
        assert_eq!(page.sum("archon_database_connections_max", &[("pool", pool)]), max);
        assert_eq!(page.of("archon_database_waiting", &[("pool", pool)]).count(), 1);
    }
    assert_eq!(page.of("archon_fast_store_up", &[]).count(), 0, "there is no Redis to be away");
    crate::support::change_sqlite(
        &service.folder().data().join("archon.db"),
        "ALTER TABLE mail_outbox RENAME TO somewhere_else",
    )?;
    let page = Page::get(&metrics).await?;
    assert_eq!(page.sum("archon_database_up", &[]), 0.0);
    assert_eq!(page.of("archon_mail_queue_pending", &[]).count(), 1, "as it was");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shows_the_figures_holds_up_no_stop() -> anyhow::Result<()> {
    let mut service = Service::start(&CHEAP)?;
    Account::register(service.client(), "ada@example.com").await?;
    Page::get(&service.metrics()?).await?;
    assert!(service.terminate()?.success());
    let lines = service.process().lines();
    assert!(!lines.iter().any(|line| line.contains("stopped before")), "{lines:#?}");
    Ok(())
}
