use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use archon_app::{Fault, FaultKind};
use archon_domain::{FieldError, FieldErrorCode, Instant, RateDecision, Span};

/// An error as a client is to see it, and its cause as only the log is to see it.
///
/// Handlers return it; `middleware::envelope` renders it, since only there the request's id and
/// the form the client asked for are known.
#[derive(Debug)]
pub struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    pub(crate) details: Vec<Detail>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) bearer_error: Option<BearerError>,
    pub(crate) allow: Option<String>,
    pub(crate) cause: Option<Box<dyn Error + Send + Sync>>,
}

/// One thing that is wrong, or one way out.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    pub(crate) field: Cow<'static, str>,
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
}

/// When a client may come again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RetryAfter {
    Seconds(i64),
    At(Instant),
}

impl RetryAfter {
    /// Whole seconds to wait from `now` on, rounded up: a client that comes back to the second must not be too
    /// early.
    pub(crate) fn seconds(self, now: Instant) -> i64 {
        match self {
            Self::Seconds(seconds) => seconds,
            Self::At(at) => {
                let wait = (at - now).max(Span::zero());
                wait.num_seconds() + i64::from(wait.subsec_nanos() > 0)
            }
        }
    }
}

/// The `error` of a `WWW-Authenticate` challenge (RFC 6750 section 3.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct BearerError {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            bearer_error: None,
            allow: None,
            cause: None,
        }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn unauthorized(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    pub(crate) fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 405 with the methods that would work.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let message = format!("This path takes {allow}");
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
        problem.allow = Some(allow);
        problem
    }

    /// 400 for fields that are wrong: all of them.
    pub(crate) fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let weak =
            !errors.is_empty() && errors.iter().all(|error| error.code == FieldErrorCode::WeakPassword);
        let (code, message) = if weak {
            ("WEAK_PASSWORD", "The password does not meet the policy; details says what is missing")
        } else {
            ("VALIDATION_ERROR", "Some fields are not valid; details names each")
        };
        let mut problem = Self::bad_request(code, message);
        problem.details = errors
            .into_iter()
            .map(|error| Detail { field: error.field, code: error.code.as_str(), message: error.message })
            .collect();
        problem
    }

    /// 429 for a budget that is used up.
    pub(crate) fn rate_limited(decision: &RateDecision) -> Self {
        let quota = decision.quota;
        let message = format!(
            "Too many requests: at most {} in {} seconds; try again after the time in Retry-After",
            quota.limit,
            quota.window.num_seconds()
        );
        let retry_at = decision.retry_at.unwrap_or(decision.resets_at);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED", message)
            .retry(RetryAfter::At(retry_at))
    }

    /// 429 for an address that is locked.
    pub(crate) fn locked(until: Instant) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "ACCOUNT_LOCKED", "Account temporarily locked")
            .retry(RetryAfter::At(until))
            .way_out("email", "Too many failed log-ins; try again after the time in Retry-After")
    }

    pub(crate) fn retry(mut self, retry_after: RetryAfter) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Says what to do about it.
    pub(crate) fn way_out(mut self, field: &'static str, message: &'static str) -> Self {
        self.details.push(Detail { field: field.into(), code: self.code, message: message.into() });
        self
    }

    pub(crate) fn bearer(mut self, error: &'static str, description: &'static str) -> Self {
        self.bearer_error = Some(BearerError { error, description });
        self
    }

    /// Logs a 5xx, with its whole chain of causes; nothing else is for the log. Whoever shows the problem calls
    /// this, once.
    pub(crate) fn log_failure(&self) {
        if self.status.is_server_error() {
            let error = self as &dyn Error;
            tracing::error!(error, status = self.status.as_u16(), "a request failed");
        }
    }

    /// The headers that belong to the answer, whatever form it has.
    pub(crate) fn describe(&self, headers: &mut HeaderMap, now: Instant) {
        let mut set = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        if let Some(retry_after) = self.retry_after {
            set(RETRY_AFTER, retry_after.seconds(now).to_string());
        }
        if let Some(allow) = &self.allow {
            set(ALLOW, allow.clone());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = match self.bearer_error {
                Some(bearer) => format!(
                    "Bearer realm=\"archon-auth\", error=\"{}\", error_description=\"{}\"",
                    bearer.error, bearer.description
                ),
                None => "Bearer realm=\"archon-auth\"".to_owned(),
            };
            set(WWW_AUTHENTICATE, challenge);
        }
    }

    /// The family in snake case.
    pub(crate) fn family(&self) -> &'static str {
        match self.status.as_u16() {
            400 if !self.details.is_empty() => "validation_error",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            405 => "method_not_allowed",
            409 => "conflict",
            413 => "payload_too_large",
            415 => "unsupported_media_type",
            429 => "rate_limit_exceeded",
            502 => "bad_gateway",
            503 => "service_unavailable",
            500..=599 => "internal_error",
            _ => "bad_request",
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let mut problem = match fault.kind() {
            FaultKind::Temporary => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SERVICE_UNAVAILABLE",
                "The service is overloaded or a dependency is away; try again after the time in Retry-After",
            )
            .retry(RetryAfter::Seconds(1)),
            FaultKind::Permanent => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL_ERROR",
                "The service failed; its operator finds the cause in the log under this request_id",
            ),
        };
        problem.cause = Some(Box::new(fault));
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status.as_u16(), self.code, self.message)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// A bare status; the envelope around it is `middleware::envelope`'s.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status)
    }
}
