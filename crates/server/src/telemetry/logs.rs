use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, LogRotation, Settings};

/// What writes to standard error and, where configured, to a file. Keep the guard until the end: it writes what is
/// still waiting.
///
/// # Errors
/// When the filter or the file cannot be used.
pub(super) fn layer<S>(settings: &Settings) -> anyhow::Result<(impl Layer<S> + use<S>, Option<WorkerGuard>)>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    // The web server's own chatter; log.level can bring it back.
    let filter =
        EnvFilter::try_new(format!("actix_server=warn,{}", settings.log.level)).context("log.level")?;
    let json = match settings.log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let mut writers = vec![lines(json, std::io::stderr, std::io::stderr().is_terminal())];
    let mut guard = None;
    if let Some((writer, kept)) = file_writer(settings)? {
        writers.push(lines(json, writer, false));
        guard = Some(kept);
    }
    // A filter of its own: what is logged does not decide what is traced.
    Ok((writers.with_filter(filter), guard))
}

fn lines<S, W>(json: bool, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
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
