//! The listeners: the service's own and the one of its metrics.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use archon_app::Auth;
use archon_domain::ports::Outbox;
use archon_web::{WebState, server_app};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::config::Settings;

/// Takes a port.
///
/// # Errors
/// What is in the way and which settings choose another.
pub fn bind(host: &str, port: u16, settings: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind((host, port)).with_context(|| {
        format!(
            "cannot listen on {host}:{port}: stop whoever has that port (ss -ltnp 'sport = :{port}' shows it), \
             or choose another with {settings}"
        )
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The address of a listener.
///
/// # Errors
/// When the operating system does not tell.
pub fn address(listener: &TcpListener) -> anyhow::Result<SocketAddr> {
    listener.local_addr().context("the address that was bound is unknown")
}

/// The service's own server, not yet running.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(state: WebState, listener: TcpListener, settings: &Settings) -> anyhow::Result<Server> {
    let state = web::Data::new(state);
    let workers = match settings.server.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        chosen => chosen,
    };
    let server = HttpServer::new(move || server_app(state.clone()))
        .workers(workers)
        .max_connections(settings.server.max_connections)
        .client_request_timeout(Duration::from_secs(10))
        .shutdown_timeout(u64::from(settings.server.shutdown_timeout.0))
        .disable_signals()
        .listen(listener)
        .context("the listener cannot be used")?;
    Ok(server.run())
}

/// What the metrics page shows beyond what is counted as it happens.
#[derive(Clone)]
struct MetricsState {
    recorded: PrometheusHandle,
    outbox: Arc<dyn Outbox>,
    auth: Arc<Auth>,
}

/// The server of `/metrics`, not yet running.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve_metrics(
    recorded: PrometheusHandle,
    auth: Arc<Auth>,
    outbox: Arc<dyn Outbox>,
    listener: TcpListener,
) -> anyhow::Result<Server> {
    let state = web::Data::new(MetricsState { recorded, outbox, auth });
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).route("/metrics", web::get().to(metrics_page))
    });
    let server = server.workers(1).disable_signals().listen(listener).context("the metrics listener")?;
    Ok(server.run())
}

async fn metrics_page(state: web::Data<MetricsState>) -> HttpResponse {
    if let Ok(counts) = state.outbox.counts().await {
        let now = state.auth.now();
        let age = counts.oldest_pending.map_or(0, |since| (now - since).num_seconds().max(0));
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
        let gauges = [
            ("archon_mail_queue_pending", counts.pending as f64),
            ("archon_mail_queue_failed", counts.failed as f64),
            ("archon_mail_queue_age_seconds", age as f64),
        ];
        for (name, value) in gauges {
            metrics::gauge!(name).set(value);
        }
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(state.recorded.render())
}

/// Stops servers gracefully: no new connections, requests in flight are finished.
pub async fn stop(handles: &[ServerHandle]) {
    for handle in handles {
        handle.stop(true).await;
    }
}
