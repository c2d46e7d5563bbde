//! What requests can be refused with, for the OpenAPI document.

use utoipa::IntoResponses;

use crate::bodies::ErrorBody;

/// What a request with a body can be refused with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses")]
pub(crate) enum BodyErrors {
    /// The body or one of its fields is not valid; `details` names every wrong field.
    #[response(status = 400)]
    Invalid(#[to_schema] ErrorBody),
    /// The body is larger than 64 KiB.
    #[response(status = 413)]
    TooLarge(#[to_schema] ErrorBody),
    /// The body is not sent as `application/json` in UTF-8.
    #[response(status = 415)]
    UnsupportedMediaType(#[to_schema] ErrorBody),
}

/// What a request that needs an access token can be refused with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses")]
pub(crate) enum CallerErrors {
    /// TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED or SESSION_EXPIRED; where the present
    /// password is asked for, INVALID_CREDENTIALS.
    #[response(status = 401)]
    Unauthorized(#[to_schema] ErrorBody),
}

/// What an administrator's request can be refused with besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses")]
pub(crate) enum AdminErrors {
    /// FORBIDDEN: the access token or its account has not the role `admin`.
    #[response(status = 403)]
    Forbidden(#[to_schema] ErrorBody),
}

/// What a request that needs a provider can be refused with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses")]
pub(crate) enum ProviderErrors {
    /// PROVIDER_ERROR: the provider is away or did not do its part; the message names the step.
    #[response(status = 502)]
    BadGateway(#[to_schema] ErrorBody),
}

/// What any request can be refused with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes responses")]
pub(crate) enum CommonErrors {
    /// RATE_LIMIT_EXCEEDED or ACCOUNT_LOCKED; `Retry-After` says when to come again.
    #[response(status = 429)]
    TooManyRequests(#[to_schema] ErrorBody),
    /// The service is overloaded or a dependency is away; `Retry-After` says when to come again.
    #[response(status = 503)]
    Unavailable(#[to_schema] ErrorBody),
}
