//! The requests that are not openidconnect's to write.

use archon_domain::{ProviderError, ProviderStep};
use openidconnect::HttpRequest;
use openidconnect::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::http::{HeaderValue, Request};
use openidconnect::url::{Url, form_urlencoded};

use crate::fault::{invalid, misconfigured};

/// A question that anybody may ask.
pub(crate) fn get(step: ProviderStep, url: &Url, accept: &str) -> Result<HttpRequest, ProviderError> {
    let request = Request::get(url.as_str()).header(ACCEPT, accept).body(Vec::new());
    request.map_err(|_| misconfigured(step, "the address cannot be asked"))
}

/// A question that the holder of an access token may ask (RFC 6750 section 2.1).
pub(crate) fn bearer(
    step: ProviderStep,
    url: &Url,
    access_token: &str,
    accept: &str,
) -> Result<HttpRequest, ProviderError> {
    let mut request = get(step, url, accept)?;
    let mut authorization = HeaderValue::try_from(format!("Bearer {access_token}"))
        .map_err(|_| invalid(ProviderStep::TokenExchange, "the access token cannot be sent"))?;
    authorization.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, authorization);
    Ok(request)
}

/// A form to be answered in JSON.
pub(crate) fn post_form(
    step: ProviderStep,
    url: &Url,
    fields: &[(&str, &str)],
) -> Result<HttpRequest, ProviderError> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(url.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(body.into_bytes()).map_err(|_| misconfigured(step, "the address cannot be asked"))
}
