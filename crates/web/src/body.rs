use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use archon_app::Policy;
use archon_domain::{FieldError, FieldErrorCode};
use futures::StreamExt as _;
use serde_json::{Map, Value};

use crate::fields::Fields;
use crate::json;
use crate::problem::Problem;

/// Most bytes of a request body.
const MAX_BYTES: usize = 64 * 1024;

/// The media type of the API's bodies.
const JSON: &str = "application/json";

/// How long a client may take to send a body.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request body: how its fields become values of the domain.
pub(crate) trait RequestBody: Sized {
    /// Takes the fields out; `None` when one is missing or wrong, which `fields` then knows of.
    fn read(fields: &mut Fields, policy: &Policy) -> Option<Self>;
}

/// Reads and checks a JSON body.
pub(crate) async fn read<B: RequestBody>(
    headers: &HeaderMap,
    payload: &mut Payload,
    policy: &Policy,
) -> Result<B, Problem> {
    parse(&receive(headers, payload, JSON).await?, policy)
}

/// Reads and checks a JSON body that may be absent altogether; its fields are then all absent.
pub(crate) async fn read_optional<B: RequestBody>(
    headers: &HeaderMap,
    payload: &mut Payload,
    policy: &Policy,
) -> Result<B, Problem> {
    let bytes = collect(headers, payload).await?;
    if bytes.is_empty() {
        return parse(b"{}", policy);
    }
    check_content_type(headers, JSON)?;
    parse(&bytes, policy)
}

/// Receives a whole body of a media type, in UTF-8.
pub(crate) async fn receive(
    headers: &HeaderMap,
    payload: &mut Payload,
    media_type: &'static str,
) -> Result<Vec<u8>, Problem> {
    check_content_type(headers, media_type)?;
    collect(headers, payload).await
}

fn parse<B: RequestBody>(bytes: &[u8], policy: &Policy) -> Result<B, Problem> {
    let value = json::parse(bytes).map_err(|error| malformed(error.to_string()))?;
    let Value::Object(object) = value else {
        return Err(malformed("the body must be a JSON object".to_owned()));
    };
    judge(object, policy)
}

/// Checks the fields of a body, however they came; everything wrong is told at once.
pub(crate) fn judge<B: RequestBody>(object: Map<String, Value>, policy: &Policy) -> Result<B, Problem> {
    let mut fields = Fields::new(object);
    match B::read(&mut fields, policy) {
        Some(body) if !fields.has_errors() => Ok(body),
        _ => Err(Problem::invalid_fields(fields.into_errors())),
    }
}

fn malformed(message: String) -> Problem {
    let mut problem =
        Problem::invalid_fields(vec![FieldError::new("body", FieldErrorCode::InvalidFormat, message)]);
    problem.code = "MALFORMED_JSON";
    problem.message = "The body is not valid JSON; details says where".into();
    problem
}

/// The media type, in UTF-8 and not compressed.
fn check_content_type(headers: &HeaderMap, media_type: &'static str) -> Result<(), Problem> {
    let unsupported =
        |message: String| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message);
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("Send the body without Content-Encoding".to_owned()));
    }
    let expected = || format!("Send the body as Content-Type: {media_type}; charset=utf-8");
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    if !parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(media_type)) {
        return Err(unsupported(expected()));
    }
    let charsets = parts.filter_map(|parameter| parameter.split_once('='));
    let foreign = |(name, value): (&str, &str)| {
        name.eq_ignore_ascii_case("charset") && !value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    if charsets.into_iter().any(foreign) { Err(unsupported(expected())) } else { Ok(()) }
}

async fn collect(headers: &HeaderMap, payload: &mut Payload) -> Result<Vec<u8>, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BYTES) {
        return Err(too_large());
    }
    let receive = async {
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0));
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| incomplete())?;
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    tokio::time::timeout(PATIENCE, receive).await.unwrap_or_else(|_| Err(incomplete()))
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", "The body must be at most 65536 bytes")
}

fn incomplete() -> Problem {
    Problem::bad_request("INCOMPLETE_BODY", "The body did not arrive whole within 15 s; send it again")
}
