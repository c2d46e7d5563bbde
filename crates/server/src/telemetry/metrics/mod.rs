//! Figures for Prometheus: which there are, and the page that shows them.

mod page;
#[cfg(target_os = "linux")]
mod process;
mod reference;
pub mod registry;
#[cfg(test)]
mod tests;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub use page::MetricsPage;
pub use reference::render_reference;

use self::registry::{Kind, Metric};

/// Starts counting; the handle renders what was counted.
///
/// # Errors
/// When something else in the process counts already.
pub fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    let recorded = builder()?.install_recorder().context("something else in the process counts already")?;
    registry::all().for_each(introduce);
    Ok(recorded)
}

/// A recorder that gives each histogram its own bounds.
fn builder() -> anyhow::Result<PrometheusBuilder> {
    registry::all().try_fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(bounds) => {
            Ok(builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?)
        }
        Kind::Counter | Kind::Gauge => Ok(builder),
    })
}

/// Says what a metric is, and begins it at zero where every series of it is known: a rate can be computed of the
/// very first time that something happens.
fn introduce(metric: &Metric) {
    let Metric { name, unit, doc, .. } = *metric;
    match metric.kind {
        Kind::Counter => metrics::describe_counter!(name, unit, doc),
        Kind::Gauge => metrics::describe_gauge!(name, unit, doc),
        Kind::Histogram(_) => metrics::describe_histogram!(name, unit, doc),
    }
    for labels in metric.series_from_the_start() {
        match metric.kind {
            Kind::Counter => metrics::counter!(name, labels).increment(0),
            Kind::Histogram(_) => drop(metrics::histogram!(name, labels)),
            Kind::Gauge => {}
        }
    }
}
