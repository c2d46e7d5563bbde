//! The request that the user's browser carries to the provider.

use archon_domain::{OauthFlow, OneTimeToken};
use openidconnect::url::Url;

/// The address of an authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
pub(crate) fn authorization_url(
    endpoint: &Url,
    client_id: &str,
    scopes: &[String],
    flow: &OauthFlow,
    state: &OneTimeToken,
) -> Url {
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", &flow.redirect_uri)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("state", state.expose())
        .append_pair("code_challenge", &flow.pkce_challenge())
        .append_pair("code_challenge_method", "S256");
    url
}
