//! Traces of requests, where somebody takes them: the span of a request belongs to the trace of whoever has asked.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::Status;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Puts a span that nobody has entered yet into the trace that the request names (W3C Trace Context).
pub(super) fn join(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let parent = get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
        // Fails where nothing is traced.
        let _ = span.set_parent(parent);
    }
}

/// Notes in the trace what the current request was answered.
pub(super) fn answered(status: StatusCode) {
    let span = Span::current();
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// The headers of a request as OpenTelemetry reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
