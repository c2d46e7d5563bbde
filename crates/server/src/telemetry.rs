//! Logs and metrics.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, LogRotation, Settings};

/// Bounds of the latency histograms, in seconds.
const LATENCY_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Starts logging to standard error and, where configured, to a file; keep the guard until the end, it
/// writes what is still waiting.
///
/// # Errors
/// When the filter or the file cannot be used.
pub fn start_logs(settings: &Settings) -> anyhow::Result<Option<WorkerGuard>> {
    // The web server's own chatter; log.level can bring it back.
    let filter =
        EnvFilter::try_new(format!("actix_server=warn,{}", settings.log.level)).context("log.level")?;
    let json = match settings.log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let console = layer(json, std::io::stderr, std::io::stderr().is_terminal());
    let (file, guard) = match file_writer(settings)? {
        Some((writer, guard)) => (Some(layer(json, writer, false)), Some(guard)),
        None => (None, None),
    };
    tracing_subscriber::registry().with(filter).with(console).with(file).try_init()?;
    Ok(guard)
}

fn layer<S, W>(json: bool, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> fmt::MakeWriter<'writer> + Send + Sync + 'static,
{
    if json {
        fmt::layer().json().flatten_event(true).with_writer(writer).boxed()
    } else {
        fmt::layer().with_ansi(colours).with_writer(writer).boxed()
    }
}

fn file_writer(
    settings: &Settings,
) -> anyhow::Result<Option<(tracing_appender::non_blocking::NonBlocking, WorkerGuard)>> {
    let path = &settings.log.file;
    let Some(name) = path.file_name() else { return Ok(None) };
    let rotation = match settings.log.rotation {
        LogRotation::Daily => Rotation::DAILY,
        LogRotation::Hourly => Rotation::HOURLY,
        LogRotation::Never => Rotation::NEVER,
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let appender = RollingFileAppender::builder()
        .rotation(rotation)
        .filename_prefix(name.to_string_lossy())
        .build(directory.unwrap_or_else(|| std::path::Path::new(".")))
        .context("log.file")?;
    Ok(Some(tracing_appender::non_blocking(appender)))
}

/// Starts counting; the handle renders what was counted.
///
/// # Errors
/// When something else in the process counts already.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)?;
    Ok(builder.install_recorder()?)
}
