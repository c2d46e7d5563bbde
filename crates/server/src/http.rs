//! The listeners: the service's own and the one of its metrics.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use archon_web::{WebState, server_app};

use crate::config::Settings;
use crate::telemetry::MetricsPage;

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

/// The server of `/metrics`, not yet running.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve_metrics(page: MetricsPage, listener: TcpListener) -> anyhow::Result<Server> {
    let page = web::Data::new(page);
    let server = HttpServer::new(move || {
        App::new().app_data(page.clone()).route("/metrics", web::get().to(metrics_page))
    });
    let server = server.workers(1).disable_signals().listen(listener).context("the metrics listener")?;
    Ok(server.run())
}

async fn metrics_page(page: web::Data<MetricsPage>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(page.render().await)
}

/// Stops servers gracefully: no new connections, requests in flight are finished.
pub async fn stop(handles: &[ServerHandle]) {
    for handle in handles {
        handle.stop(true).await;
    }
}
