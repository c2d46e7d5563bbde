//! What the service tells those who run it: logs, metrics and traces.

mod logs;
pub mod metrics;
mod spans;
mod traces;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use metrics::{MetricsPage, start_metrics};

use self::traces::Traces;
use crate::config::Settings;

/// Logging and tracing; when dropped, what still waits is written and sent.
pub struct Telemetry {
    /// Dropped first: it may have something to log.
    _traces: Option<Traces>,
    _log_file: Option<WorkerGuard>,
}

impl Telemetry {
    /// Starts logging and, for a process that serves requests, tracing where it is configured. To be called inside
    /// of the runtime, which has to outlive the value.
    ///
    /// # Errors
    /// When a setting cannot be used, or something else in the process logs already.
    pub fn start(settings: &Settings, serves: bool) -> anyhow::Result<Self> {
        let traces = serves.then(|| Traces::start(settings)).transpose()?.flatten();
        let (logs, log_file) = logs::layer(settings)?;
        let spans = traces.as_ref().map(Traces::layer);
        tracing_subscriber::registry().with(logs).with(spans).try_init()?;
        Ok(Self { _traces: traces, _log_file: log_file })
    }
}
