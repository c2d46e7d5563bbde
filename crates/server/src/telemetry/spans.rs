use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::Key;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Names the spans of requests as OpenTelemetry does (its semantic conventions for HTTP servers): in the log they
/// have names that are short to read. Says in the log when the collector takes no traces.
#[derive(Debug)]
pub(super) struct RequestSpans<E> {
    inner: E,
    /// Whether the last batch was not taken.
    refused: AtomicBool,
}

impl<E> RequestSpans<E> {
    pub(super) fn new(inner: E) -> Self {
        Self { inner, refused: AtomicBool::new(false) }
    }

    /// Says what became of a batch, where it is another thing than what became of the last one.
    fn note(&self, outcome: &OTelSdkResult) {
        let was_refused = self.refused.swap(outcome.is_err(), Ordering::Relaxed);
        match outcome {
            Err(error) if !was_refused => {
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, "the collector takes no traces; they are lost");
            }
            Ok(()) if was_refused => tracing::info!("the collector takes traces again"),
            Ok(()) | Err(_) => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for RequestSpans<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().filter(|span| span.name == "request").for_each(rename);
        let outcome = self.inner.export(batch).await;
        self.note(&outcome);
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn rename(span: &mut SpanData) {
    let value = |name: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == name);
        found.map(|attribute| attribute.value.to_string()).unwrap_or_default()
    };
    span.name = format!("{} {}", value("method"), value("route")).into();
    span.span_kind = SpanKind::Server;
    for attribute in &mut span.attributes {
        match attribute.key.as_str() {
            "method" => attribute.key = Key::from_static_str("http.request.method"),
            "route" => attribute.key = Key::from_static_str("http.route"),
            _ => {}
        }
    }
}
