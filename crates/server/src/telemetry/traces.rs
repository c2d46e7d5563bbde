use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::spans::RequestSpans;
use crate::config::Settings;

/// How long the collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a stop waits for the collector.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Sends what is traced to a collector, in batches and behind the requests; when dropped, sends what still waits.
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts sending; `None` where no collector is configured.
    ///
    /// # Errors
    /// When the endpoint or the machine's authorities cannot be used.
    pub(super) fn start(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let endpoint = &settings.telemetry.otlp_endpoint;
        if endpoint.is_empty() {
            return Ok(None);
        }
        let endpoint = trace_endpoint(endpoint.reveal()).context("telemetry.otlp_endpoint is no URL")?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new()?)
            .with_endpoint(endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .build()
            .context("telemetry.otlp_endpoint")?;
        let resource = Resource::builder()
            .with_service_name("archon-auth")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let share = f64::from(settings.telemetry.trace_percent) / 100.0;
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_sampler(sampler)
            .with_batch_exporter(RequestSpans::new(exporter))
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self(provider)))
    }

    /// What takes the spans of this service, whatever is logged of them.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        let ours = Targets::new().with_target("archon", LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("archon-auth"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the last traces were not sent");
        }
    }
}

/// Where traces go: an address without a path is that of the collector itself.
fn trace_endpoint(endpoint: &str) -> Result<String, url::ParseError> {
    let mut url = Url::parse(endpoint)?;
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url.into())
}

/// How the collector is spoken to. Batches are sent from a thread of their own, which waits for the runtime.
#[derive(Debug)]
struct Collector {
    client: reqwest::Client,
    runtime: Handle,
}

impl Collector {
    fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no connection to a collector of traces can be made")?;
        Ok(Self { client, runtime: Handle::current() })
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        // By its builder, which takes a name and a password out of the address.
        let sending = self.client.request(head.method, head.uri.to_string()).headers(head.headers).body(body);
        let answered = self.runtime.spawn(async move {
            let answer = sending.send().await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answer.headers());
            }
            Ok(response.body(answer.bytes().await?)?)
        });
        answered.await?
    }
}

#[cfg(test)]
mod tests {
    use super::trace_endpoint;

    #[test]
    fn an_address_without_a_path_is_that_of_the_collector_itself() {
        for (configured, used) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            (
                "https://ada:secret@otlp.example.com/tenant/v1/traces",
                "https://ada:secret@otlp.example.com/tenant/v1/traces",
            ),
        ] {
            assert_eq!(trace_endpoint(configured).unwrap(), used);
        }
    }
}
