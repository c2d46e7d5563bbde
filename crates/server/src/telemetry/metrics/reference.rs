//! The page `docs/metrics.md`.

use std::fmt::Write as _;

use metrics::Unit;

use super::registry::{self, Kind, Label, Metric, Section, Values};

const INTRODUCTION: &str = "\
# Metrics

<!-- Generated from crates/server/src/telemetry/metrics/registry.rs; rewrite it with
     ARCHON_BLESS=1 cargo test -p archon-server metrics_page -->

Figures for Prometheus are at `/metrics` of a listener of their own, by default `localhost:9181`
(`metrics.enabled`, `metrics.host`, `metrics.port`). Let only your monitoring reach it. Alert rules and a Grafana
board are in `deploy/`; [operations](operations.md#health-and-metrics) says what is worth an alarm.

Every replica has its own figures. Those of the mail queue, of blocked addresses and of the event chain are read from
the database that replicas share: take the `max` over replicas, not the sum.

A counter all of whose labels have their values listed here begins at zero, so that the first time counts in a rate;
the others appear with their first event. No label is what a client chooses.
";

/// The page that describes every metric, as Markdown.
#[must_use]
pub fn render_reference() -> String {
    let sections = registry::sections().iter().map(section);
    INTRODUCTION.to_owned() + &sections.collect::<String>()
}

fn section(section: &Section) -> String {
    let mut out = format!("\n## {}\n", section.title);
    for metric in &section.metrics {
        let _ = write!(out, "\n{}", entry(metric));
    }
    out
}

fn entry(metric: &Metric) -> String {
    let mut out = format!("### `{}`\n\n{}\n\n- type: {}\n", metric.name, metric.doc, type_of(metric));
    for label in &metric.labels {
        let _ = writeln!(out, "- label `{}`: {}", label.name, values(label));
    }
    if let Some(condition) = metric.only_where {
        let _ = writeln!(out, "- shown only where {condition}");
    }
    out
}

fn type_of(metric: &Metric) -> String {
    let unit = match metric.unit {
        Unit::Seconds => ", in seconds",
        Unit::Bytes => ", in bytes",
        _ => "",
    };
    match metric.kind {
        Kind::Counter => format!("counter{unit}"),
        Kind::Gauge => format!("gauge{unit}"),
        Kind::Histogram(bounds) => {
            let bounds: Vec<_> = bounds.iter().map(ToString::to_string).collect();
            format!("histogram{unit}; bounds {}", bounds.join(", "))
        }
    }
}

fn values(label: &Label) -> String {
    match &label.values {
        Values::These(values) => {
            let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            values.join(", ")
        }
        Values::Described(description) => (*description).to_owned(),
    }
}
