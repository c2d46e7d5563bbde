use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};
use archon_domain::Instant;
use serde::Serialize;
use tracing::Instrument as _;

use super::trace;
use crate::WebState;
use crate::bodies::{ErrorBody, ErrorDetailBody, ProblemBody};
use crate::console::is_console;
use crate::incoming::RequestId;
use crate::pages::{is_detour, is_page, problem_page};
use crate::problem::Problem;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id and a log line, and every response its security headers; renders errors.
pub(crate) async fn envelope(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = std::time::Instant::now();
    let Some(state) = request.app_data::<web::Data<WebState>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let id = request_id(request.headers(), &state);
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request.match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let method = request.method().as_str().to_owned();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method,
        route,
        user_id = tracing::field::Empty,
        session_id = tracing::field::Empty,
    );
    trace::join(&span, request.headers());
    async {
        // Handlers' errors come as responses; routing does not bear a second holder of the request.
        let mut response = next.call(request).await?.map_into_boxed_body();
        if let Some(rendered) = rendered_error(&response, &state, &id) {
            response = keep_headers(response, rendered);
        }
        secure(response.headers_mut(), &state, &id);
        finish(&method, &route, &response, begun);
        state.samples.answered(begun.elapsed(), state.auth.now());
        Ok(response)
    }
    .instrument(span)
    .await
}

/// The client's own id if it is well-formed, else a new one.
fn request_id(headers: &HeaderMap, state: &WebState) -> String {
    let sent = headers.get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let well_formed = |id: &&str| {
        (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    sent.filter(well_formed).map_or_else(|| state.auth.new_request_id(), str::to_owned)
}

/// The envelope of an error response; `None` for a success.
fn rendered_error(response: &ServiceResponse<BoxBody>, state: &WebState, id: &str) -> Option<HttpResponse> {
    let error = response.response().error();
    if let Some(problem) = error.and_then(|error| error.as_error::<Problem>()) {
        problem.log_failure();
        return Some(render(problem, response.request(), state, id));
    }
    let status = response.status();
    if error.is_none_or(is_detour) || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let reason = status.canonical_reason().unwrap_or("The request was refused");
    let problem = Problem::new(status, "REQUEST_REFUSED", reason);
    Some(render(&problem, response.request(), state, id))
}

/// The rendered response in place of the bare one, with the headers that other layers have set.
fn keep_headers(bare: ServiceResponse<BoxBody>, mut rendered: HttpResponse) -> ServiceResponse<BoxBody> {
    for (name, value) in bare.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    bare.into_response(rendered)
}

/// An error in the form that its reader takes: a page, RFC 9457 or the envelope.
fn render(problem: &Problem, request: &HttpRequest, state: &WebState, id: &str) -> HttpResponse {
    let now = state.auth.now();
    let mut response = match &state.pages {
        Some(pages) if is_page(request.path()) => problem_page(pages, problem, "/auth/pages", now, id),
        Some(pages) if is_console(request.path()) && pages.policy.console => {
            problem_page(pages, problem, "/auth/console", now, id)
        }
        _ if wants_problem_json(request) => problem_json(problem, request, id),
        _ => enveloped(problem, now, id),
    };
    problem.describe(response.headers_mut(), now);
    response
}

fn problem_json(problem: &Problem, request: &HttpRequest, id: &str) -> HttpResponse {
    let body = ProblemBody {
        r#type: format!("urn:archon-auth:error:{}", problem.code.to_lowercase()),
        title: problem.status.canonical_reason().unwrap_or("Error").to_owned(),
        status: problem.status.as_u16(),
        detail: problem.message.to_string(),
        instance: request.path().to_owned(),
        code: problem.code,
        request_id: id.to_owned(),
        errors: details(problem),
    };
    json(problem, "application/problem+json", &body)
}

fn enveloped(problem: &Problem, now: Instant, id: &str) -> HttpResponse {
    let body = ErrorBody {
        error: problem.family(),
        code: problem.code,
        message: problem.message.to_string(),
        details: details(problem),
        timestamp: now,
        request_id: id.to_owned(),
    };
    json(problem, "application/json; charset=utf-8", &body)
}

fn details(problem: &Problem) -> Vec<ErrorDetailBody> {
    let details = problem.details.iter().map(|detail| ErrorDetailBody {
        field: detail.field.to_string(),
        message: detail.message.to_string(),
        code: detail.code,
    });
    details.collect()
}

fn json(problem: &Problem, content_type: &'static str, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_string(body).unwrap_or_default();
    HttpResponse::build(problem.status).insert_header((CONTENT_TYPE, content_type)).body(body)
}

/// Whether the client prefers RFC 9457 by naming it.
fn wants_problem_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/problem+json")
    })
}

/// What every response carries (OWASP Secure Headers), unless its handler has set something of its own.
fn secure(headers: &mut HeaderMap, state: &WebState, id: &str) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "no-referrer");
    set(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set(CACHE_CONTROL, "no-store");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "interest-cohort=()");
    if state.policy.https_only {
        set(STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
}

/// Counts and logs a request that is done.
fn finish(method: &str, route: &str, response: &ServiceResponse<BoxBody>, begun: std::time::Instant) {
    let elapsed = begun.elapsed();
    let status = response.status().as_u16();
    let (method, route) = (method_word(method), route.to_owned());
    let labels = [("method", method.into()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("archon_http_requests_total", &labels).increment(1);
    metrics::histogram!("archon_http_request_seconds", "method" => method, "route" => route)
        .record(elapsed.as_secs_f64());
    trace::answered(response.status());
    tracing::info!(status, elapsed_ms = elapsed.as_secs_f64() * 1000.0, "answered");
}

/// A method as metrics know it: a client can make up any number of others.
fn method_word(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}
