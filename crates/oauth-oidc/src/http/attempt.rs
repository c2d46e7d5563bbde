//! One try of one request.

use std::time::Duration;

use archon_domain::{ProviderError, ProviderStep, Span};
use openidconnect::http::{HeaderMap, StatusCode};
use openidconnect::{HttpRequest, HttpResponse};

use super::retry::{self, Repeat};
use super::{ProviderHttp, Visit};
use crate::fault::{invalid, unavailable};

/// The longest answer in bytes. The longest that are meant well are key sets, of some tens of KiB.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// The longest that one try of a repeatable request waits, so that one connection that hangs does not use
/// up the whole visit.
const TRY_PATIENCE: Duration = Duration::from_secs(4);

/// Why a try has brought no answer to go on with.
#[derive(Debug, thiserror::Error)]
pub(super) enum Setback {
    /// The request was not sent.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The request was sent, and nobody knows what became of it.
    #[error("{0}")]
    Interrupted(String),
    /// The provider says that it cannot do it now.
    #[error("answered {status}")]
    Busy { status: StatusCode, retry_after: Option<Span> },
    /// No further try would bring anything else.
    #[error("{0}")]
    Unfit(String),
}

impl Setback {
    /// Whether the request may be sent again.
    pub(super) fn allows(&self, repeat: Repeat) -> bool {
        match self {
            Self::Unreachable(_) | Self::Busy { .. } => true,
            Self::Interrupted(_) => repeat == Repeat::Always,
            Self::Unfit(_) => false,
        }
    }

    /// How long to wait before the request is sent again.
    pub(super) fn wait(&self, retries: u32, chance: impl FnOnce() -> f64) -> Duration {
        let own = retry::backoff(retries, chance());
        match self {
            Self::Busy { retry_after: Some(asked), .. } => own.max(asked.to_std().unwrap_or_default()),
            _ => own,
        }
    }

    pub(super) fn into_error(self, step: ProviderStep) -> ProviderError {
        let reason = self.to_string();
        match self {
            Self::Unreachable(_) | Self::Interrupted(_) => unavailable(step, None, reason),
            Self::Busy { retry_after, .. } => unavailable(step, retry_after, reason),
            Self::Unfit(_) => invalid(step, reason),
        }
    }
}

impl From<reqwest::Error> for Setback {
    fn from(error: reqwest::Error) -> Self {
        let in_connecting = error.is_connect();
        let reason = root_cause(&error.without_url());
        if in_connecting { Self::Unreachable(reason) } else { Self::Interrupted(reason) }
    }
}

impl ProviderHttp {
    /// Sends a request once and reads the whole answer.
    pub(super) async fn attempt(
        &self,
        visit: Visit,
        request: &HttpRequest,
        repeat: Repeat,
    ) -> Result<HttpResponse, Setback> {
        let patience = match repeat {
            Repeat::Always => visit.at_most(TRY_PATIENCE),
            Repeat::UnlessInDoubt => visit,
        };
        let answer = patience.wait(self.exchange(request)).await;
        let response = answer.unwrap_or_else(|| Err(Setback::Interrupted("no answer in time".to_owned())))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Setback::Unfit(format!(
                "answered with a redirect ({status}), which is not followed"
            )));
        }
        if status.is_server_error() || is_rate_limited(status, response.headers()) {
            let retry_after = retry::asked_to_wait(response.headers(), visit.now());
            return Err(Setback::Busy { status, retry_after });
        }
        Ok(response)
    }

    async fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, Setback> {
        let request = reqwest::Request::try_from(request.clone())
            .map_err(|_| Setback::Unfit("the request cannot be written".to_owned()))?;
        let mut answer = self.client.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let limit = MAX_ANSWER_BYTES / 1024;
                return Err(Setback::Unfit(format!("the answer is longer than {limit} KiB")));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// Whether an answer says "too often": 429, and the 403 that GitHub uses for it (GitHub REST API, "Rate limits
/// for the REST API").
fn is_rate_limited(status: StatusCode, headers: &HeaderMap) -> bool {
    let spent = headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
    status == StatusCode::TOO_MANY_REQUESTS
        || (status == StatusCode::FORBIDDEN && (spent || headers.contains_key("retry-after")))
}

/// The innermost cause, which is the one that tells an operator something.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
