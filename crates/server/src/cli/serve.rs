use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Loaded;
use crate::service::Background;
use crate::wire::{self, Surroundings};
use crate::{http, telemetry};

/// Serves until told to stop; then finishes what is in flight.
pub(super) async fn serve(loaded: &Loaded, surroundings: Surroundings) -> anyhow::Result<ExitCode> {
    let settings = &loaded.settings;
    let recorded = telemetry::start_metrics()?;
    let flags = "--host and --port (server.host, server.port, ARCHON_AUTH_PORT)";
    let listener = http::bind(&settings.server.host, settings.server.port, flags)?;
    let address = http::address(&listener)?;
    let service = wire::wire(settings, address.port(), surroundings).await?;

    let mut servers = Vec::new();
    let mut handles = Vec::new();
    if settings.metrics.enabled {
        let keys = "metrics.host and metrics.port, or none with metrics.enabled=false";
        let listener = http::bind(&settings.metrics.host, settings.metrics.port, keys)?;
        let at = http::address(&listener)?;
        let page = service.metrics_page(recorded);
        tokio::spawn(page.keep_up());
        let metrics = http::serve_metrics(page, listener)?;
        handles.push(metrics.handle());
        servers.push(tokio::spawn(metrics));
        tracing::info!(address = %at, "metrics listen");
    }
    let main = http::serve(service.web.clone(), listener, settings)?;
    handles.push(main.handle());
    servers.push(tokio::spawn(main));
    let background = service.start_background();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        address = %address,
        url = %format_args!("http://{address}"),
        "archon-auth listens"
    );

    wait_for_stop(&background).await?;
    tracing::info!("stopping: requests in flight are finished");
    http::stop(&handles).await;
    for server in servers {
        server.await.context("a listener ended badly")??;
    }
    background.stop().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Returns at SIGTERM or SIGINT; reads keys, templates and GeoIP databases again at SIGHUP.
async fn wait_for_stop(background: &Background) -> anyhow::Result<()> {
    let listen =
        |kind: SignalKind| -> anyhow::Result<Signal> { signal(kind).context("signals cannot be heard") };
    let (mut terminate, mut interrupt, mut hang_up) =
        (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?, listen(SignalKind::hangup())?);
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => {
                tracing::info!("SIGHUP: reading the signing keys, the mail templates and the GeoIP databases again");
                background.reload();
            }
        }
    }
}
