use anyhow::Context as _;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::collector::{Collector, Taken, attribute};
use crate::support::{Account, CHEAP, PASSWORD, Service};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn traced(collector: &Collector, more: &[&str]) -> anyhow::Result<Service> {
    let endpoint = format!("telemetry.otlp_endpoint={}", collector.url());
    Service::start(&[&CHEAP[..], &["--set", &endpoint], more].concat())
}

/// Asks for the health, in the trace of `traceparent` where there is one; the id of the request.
async fn ask(service: &Service, id: &str, traceparent: Option<&str>) -> anyhow::Result<()> {
    let client = service.client().with_header("x-request-id", id);
    let client = traceparent.map_or(client.clone(), |parent| client.with_header("traceparent", parent));
    let answer = client.get("/auth/health/live").await?;
    assert_eq!((answer.status, &answer.headers["x-request-id"]), (200, &id.parse()?));
    Ok(())
}

/// The span of the request with this id.
fn span_of<'a>(taken: &'a [Taken], id: &str) -> Option<&'a Span> {
    let mut spans = taken.iter().flat_map(Taken::spans);
    spans.find(|span| attribute(span, "request_id").as_deref() == Some(id))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_belong_to_the_traces_of_who_has_asked() -> anyhow::Result<()> {
    let collector = Collector::start()?;
    // What is logged does not decide what is traced.
    let mut service = traced(&collector, &["--set", "log.level=error,archon_server=info"])?;
    ask(&service, "in-a-trace", Some(&format!("00-{TRACE}-{CALLER}-01"))).await?;
    ask(&service, "not-to-be-traced", Some(&format!("00-{TRACE}-{CALLER}-00"))).await?;
    ask(&service, "without", None).await?;
    ask(&service, "no-such-trace", Some("00-zz-1-01")).await?;
    let lost = service.client().with_header("x-request-id", "lost").get("/nobody/knows/this").await?;
    assert_eq!(lost.status, 404);
    assert!(service.terminate()?.success(), "what waits is sent before the end");

    let taken = collector.taken();
    let first = taken.first().context("nothing was sent")?;
    assert!(first.head.starts_with("post /v1/traces http/1.1\r\n"), "{}", first.head);
    for line in ["content-type: application/x-protobuf\r\n", "authorization: basic ywrhonnly3jlda==\r\n"] {
        assert!(first.head.contains(line), "{}", first.head);
    }
    assert_eq!(first.resource("service.name").as_deref(), Some("archon-auth"));
    assert_eq!(first.resource("service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));

    let span = span_of(&taken, "in-a-trace").context("it was not traced")?;
    assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE.to_owned(), CALLER.to_owned()));
    assert_eq!((&*span.name, span.kind()), ("GET /auth/health/live", SpanKind::Server));
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/auth/health/live"),
        ("http.response.status_code", "200"),
    ] {
        assert_eq!(attribute(span, name).as_deref(), Some(value), "{span:?}");
    }
    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    assert!(span_of(&taken, "not-to-be-traced").is_none(), "its caller traces one in a few");
    for id in ["without", "no-such-trace"] {
        let span = span_of(&taken, id).with_context(|| format!("{id} was not traced"))?;
        assert!(span.parent_span_id.is_empty() && hex(&span.trace_id) != TRACE, "{span:?}");
    }
    let span = span_of(&taken, "lost").context("it was not traced")?;
    assert_eq!(attribute(span, "http.response.status_code").as_deref(), Some("404"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_a_trace() -> anyhow::Result<()> {
    let collector = Collector::start()?;
    let mut service = traced(&collector, &["--set", "log.level=trace"])?;
    let ada = Account::register(service.client(), "ada@example.com").await?;
    assert_eq!(ada.me(service.client()).await?.status, 200);
    assert_eq!(ada.log_in(service.client(), PASSWORD).await?.status, 200);
    assert!(service.terminate()?.success());
    let taken = collector.taken();
    assert!(taken.iter().flat_map(Taken::spans).any(|span| span.name == "POST /auth/register"));
    for secret in [PASSWORD, &ada.access, &ada.refresh, &ada.email] {
        let is_there = |taken: &Taken| taken.body.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!taken.iter().any(is_there), "{secret} is in a trace");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_requests_are_traced_as_the_settings_say() -> anyhow::Result<()> {
    let collector = Collector::start()?;
    let mut service = traced(&collector, &["--set", "telemetry.trace_percent=0"])?;
    ask(&service, "by-itself", None).await?;
    ask(&service, "in-a-trace", Some(&format!("00-{TRACE}-{CALLER}-01"))).await?;
    assert!(service.terminate()?.success());
    let taken = collector.taken();
    assert!(span_of(&taken, "by-itself").is_none());
    assert!(span_of(&taken, "in-a-trace").is_some(), "whoever has asked wants to see it");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_holds_nobody_up_and_is_named_once() -> anyhow::Result<()> {
    // Port 1 of this machine: nobody listens there.
    let endpoint = "telemetry.otlp_endpoint=http://127.0.0.1:1";
    let delay = [("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned())];
    let folder = crate::support::Folder::new()?;
    let mut service = Service::start_with(folder, &[&CHEAP[..], &["--set", endpoint]].concat(), &delay)?;
    let complaint = |line: &str| line.contains("the collector takes no traces").then_some(());
    ask(&service, "one", None).await?;
    tokio::task::block_in_place(|| service.process().line("that the collector is away", complaint))?;
    for id in ["two", "three"] {
        ask(&service, id, None).await?;
    }
    assert!(service.terminate()?.success());
    let lines = service.process().lines();
    assert_eq!(lines.iter().filter_map(|line| complaint(line)).count(), 1, "{lines:#?}");
    Ok(())
}
