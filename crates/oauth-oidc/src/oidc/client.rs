//! The exchange of a code for tokens (RFC 6749 section 4.1.3), by openidconnect.

use std::pin::Pin;

use archon_domain::{OauthFlow, ProviderError, ProviderStep};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AsyncHttpClient, AuthorizationCode, Client, ClientId, ClientSecret, EmptyExtraTokenFields,
    EndpointNotSet, HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, JsonWebKeySet, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, StandardErrorResponse, StandardTokenResponse, TokenUrl,
};

use super::id_token::MoreClaims;
use super::metadata::Metadata;
use crate::ClientCredentials;
use crate::fault::{invalid, misconfigured, refused, unavailable};
use crate::http::{ProviderHttp, Repeat, Visit};

/// What a code is exchanged for.
pub(super) type Granted = StandardTokenResponse<
    IdTokenFields<
        MoreClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// openidconnect's client, with the claims that Microsoft has besides.
type OidcClient = Client<
    MoreClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    Denial,
    Granted,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
>;

type Denial = StandardErrorResponse<CoreErrorResponseType>;

const STEP: ProviderStep = ProviderStep::TokenExchange;

/// Spends the code.
pub(super) async fn exchange(
    http: &ProviderHttp,
    visit: Visit,
    metadata: &Metadata,
    credentials: &ClientCredentials,
    flow: &OauthFlow,
    code: &str,
) -> Result<Granted, ProviderError> {
    let unusable = |_| misconfigured(STEP, "the redirect URI or the token endpoint cannot be used");
    let redirect_uri = RedirectUrl::new(flow.redirect_uri.clone()).map_err(unusable)?;
    let token_endpoint = metadata.token_endpoint.to_string();
    let client = OidcClient::new(
        ClientId::new(credentials.client_id.clone()),
        // The issuer is judged by our own rule: Microsoft has many.
        IssuerUrl::new(token_endpoint.clone()).map_err(unusable)?,
        JsonWebKeySet::default(),
    )
    .set_client_secret(ClientSecret::new(credentials.client_secret.clone()))
    .set_auth_type(metadata.authentication.clone())
    .set_token_uri(TokenUrl::new(token_endpoint).map_err(unusable)?)
    .set_redirect_uri(redirect_uri);
    let request = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(flow.pkce_verifier.clone()));
    request.request_async(&TokenEndpoint { http, visit }).await.map_err(explain)
}

/// openidconnect's way to a token endpoint.
struct TokenEndpoint<'a> {
    http: &'a ProviderHttp,
    visit: Visit,
}

impl<'c> AsyncHttpClient<'c> for TokenEndpoint<'_> {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let Self { http, visit } = *self;
        Box::pin(async move { http.send(visit, STEP, &request, Repeat::UnlessInDoubt).await })
    }
}

/// What a failed exchange means, without the provider's own words.
fn explain(error: RequestTokenError<ProviderError, Denial>) -> ProviderError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(denial) => deny(denial.error()),
        RequestTokenError::Parse(..) => invalid(STEP, "the answer cannot be read"),
        RequestTokenError::Other(_) => invalid(STEP, "the answer is empty"),
    }
}

/// What a provider's error code means (RFC 6749 section 5.2).
fn deny(code: &CoreErrorResponseType) -> ProviderError {
    match code {
        CoreErrorResponseType::InvalidGrant => {
            refused(STEP, "invalid_grant: the code is unknown, spent or expired, or was not issued to us")
        }
        CoreErrorResponseType::InvalidClient => {
            misconfigured(STEP, "invalid_client: the client id or secret is wrong")
        }
        CoreErrorResponseType::UnauthorizedClient => {
            misconfigured(STEP, "unauthorized_client: this client may not exchange codes")
        }
        CoreErrorResponseType::UnsupportedGrantType => {
            misconfigured(STEP, "unsupported_grant_type: the provider exchanges no codes")
        }
        CoreErrorResponseType::InvalidScope => {
            misconfigured(STEP, "invalid_scope: a scope is not ours to ask for")
        }
        CoreErrorResponseType::InvalidRequest => misconfigured(STEP, "invalid_request: the request misfits"),
        CoreErrorResponseType::Extension(code)
            if code == "temporarily_unavailable" || code == "server_error" =>
        {
            unavailable(STEP, None, "the provider says that it cannot do it now")
        }
        CoreErrorResponseType::Extension(_) => refused(STEP, "an error of the provider's own"),
    }
}
