use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

/// A collector of OpenTelemetry: takes traces by OTLP over HTTP with Protobuf, and keeps them.
pub(super) struct Collector {
    port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
}

/// A request that was taken.
pub(super) struct Taken {
    /// Its first line and its headers, in small letters.
    pub(super) head: String,
    /// Its body as it came.
    pub(super) body: Vec<u8>,
    pub(super) content: ExportTraceServiceRequest,
}

impl Collector {
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, taken) = (listener.local_addr()?.port(), Arc::<Mutex<Vec<Taken>>>::default());
        let into = Arc::clone(&taken);
        // Ends with the process of the tests.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let into = Arc::clone(&into);
                thread::spawn(move || serve(&stream, &into));
            }
        });
        Ok(Self { port, taken })
    }

    /// What `telemetry.otlp_endpoint` has to be.
    pub(super) fn url(&self) -> String {
        format!("http://ada:secret@127.0.0.1:{}", self.port)
    }

    /// What was taken so far.
    pub(super) fn taken(&self) -> Vec<Taken> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes requests of one connection until it is closed.
fn serve(mut stream: &TcpStream, into: &Mutex<Vec<Taken>>) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            anyhow::ensure!(reader.read_line(&mut head)? > 0, "the connection is closed");
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.context("no length")?.trim().parse()?];
        reader.read_exact(&mut body)?;
        let content = ExportTraceServiceRequest::decode(&*body)?;
        into.lock().unwrap_or_else(PoisonError::into_inner).push(Taken { head, body, content });
        stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
        )?;
    }
}

impl Taken {
    pub(super) fn spans(&self) -> impl Iterator<Item = &Span> {
        let scopes = self.content.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| &scope.spans)
    }

    /// What the traced service says of itself.
    pub(super) fn resource(&self, name: &str) -> Option<String> {
        let resources = self.content.resource_spans.iter().filter_map(|spans| spans.resource.as_ref());
        resources.flat_map(|resource| &resource.attributes).find_map(|attribute| value_of(attribute, name))
    }
}

/// An attribute of a span.
pub(super) fn attribute(span: &Span, name: &str) -> Option<String> {
    span.attributes.iter().find_map(|attribute| value_of(attribute, name))
}

fn value_of(attribute: &KeyValue, name: &str) -> Option<String> {
    if attribute.key != name {
        return None;
    }
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}
