//! The whole way with a certified OpenID provider: browser, code, tokens, keys, user information.

use archon_domain::ports::IdentityProvider;
use archon_domain::{
    AuthorizationResponse, ExternalIdentity, OauthFlow, ProviderError, ProviderFault, ProviderStep, Span,
};
use archon_oauth_oidc::{Issuer, OidcProvider, OidcSettings};
use serde_json::json;

use crate::support::browser::{self, Return};
use crate::support::{CertifiedProvider, REDIRECT_URI, credentials, descriptor, flow, http, real_now, state};

const ACME: &str = "11111111-2222-3333-4444-555555555555";

fn google_like(certified: &CertifiedProvider) -> anyhow::Result<OidcProvider> {
    Ok(OidcProvider::new(OidcSettings::generic(descriptor(), &certified.origin, credentials()), http())?)
}

/// Sends a browser to the provider; it comes back with a code.
async fn authorize(provider: &OidcProvider) -> anyhow::Result<Return> {
    let url = provider.authorization_url(&flow(), &state(), real_now()).await?;
    let back = browser::visit(&url, REDIRECT_URI).await?;
    assert_eq!(back.state, state().expose());
    Ok(back)
}

async fn log_in(provider: &OidcProvider) -> anyhow::Result<ExternalIdentity> {
    let back = authorize(provider).await?;
    Ok(provider.identify(&flow(), &back.response, real_now()).await?)
}

fn is_ada(identity: &ExternalIdentity) -> bool {
    identity.email.as_ref().is_some_and(|email| email.as_typed() == "ada@example.com")
        && identity.email_verified
        && identity.name.as_ref().is_some_and(|name| name.as_str() == "Ada Lovelace")
}

/// With the address in the ID token, as Google has it, and with it at the UserInfo endpoint only; by every way to
/// authenticate, and with every algorithm.
#[tokio::test]
async fn users_come_in_by_every_algorithm() -> anyhow::Result<()> {
    for (algorithm, method, in_id_token) in [
        ("RS256", "client_secret_basic", true),
        ("PS256", "client_secret_post", false),
        ("ES256", "client_secret_basic", false),
        ("EdDSA", "client_secret_post", true),
    ] {
        let certified = CertifiedProvider::start(json!({
            "client": {"id_token_signed_response_alg": algorithm, "token_endpoint_auth_method": method},
            "claims_in_id_token": in_id_token,
        }))
        .await?;
        let identity = log_in(&google_like(&certified)?).await?;
        assert!(is_ada(&identity), "{algorithm}: {identity:?}");
        assert_eq!((identity.provider.as_str(), identity.subject.as_str()), ("acme", "ada"));
    }
    Ok(())
}

#[tokio::test]
async fn rotated_keys_lock_nobody_out() -> anyhow::Result<()> {
    let certified = CertifiedProvider::start(json!({})).await?;
    let provider = google_like(&certified)?;
    log_in(&provider).await?;
    certified.rotate_keys().await?;
    let back = authorize(&provider).await?;
    // Keys are not asked for twice within half a minute.
    let later = real_now() + Span::seconds(31);
    let identity = provider.identify(&flow(), &back.response, later).await?;
    assert!(is_ada(&identity), "{identity:?}");
    Ok(())
}

/// What goes wrong when one thing is not as it was when the browser set out.
#[tokio::test]
async fn a_certified_provider_and_we_refuse_what_does_not_fit() -> anyhow::Result<()> {
    let certified = CertifiedProvider::start(json!({})).await?;
    let provider = google_like(&certified)?;
    let refused = (ProviderStep::TokenExchange, ProviderFault::Refused);
    let identify = async |flow: OauthFlow, response: AuthorizationResponse| {
        let error: ProviderError = provider.identify(&flow, &response, real_now()).await.unwrap_err();
        (error.step(), error.fault())
    };

    // A code that was spent already, and one that never was.
    let back = authorize(&provider).await?;
    provider.identify(&flow(), &back.response, real_now()).await?;
    assert_eq!(identify(flow(), back.response).await, refused);
    let forged = AuthorizationResponse { code: "forged".to_owned(), issuer: Some(certified.origin.clone()) };
    assert_eq!(identify(flow(), forged).await, refused);

    // Another verifier, and another redirect URI.
    let back = authorize(&provider).await?;
    let other =
        OauthFlow { pkce_verifier: "another-verifier-of-at-least-43-characters-xx".to_owned(), ..flow() };
    assert_eq!(identify(other, back.response).await, refused);
    let back = authorize(&provider).await?;
    let other = OauthFlow { redirect_uri: format!("{REDIRECT_URI}/"), ..flow() };
    assert_eq!(identify(other, back.response).await, refused);

    // Another nonce: the provider cannot know, we do.
    let back = authorize(&provider).await?;
    let other = OauthFlow { nonce: Some("another".to_owned()), ..flow() };
    assert_eq!(identify(other, back.response).await, (ProviderStep::IdToken, ProviderFault::InvalidAnswer));

    // The provider says in its metadata that it names itself, so it must (RFC 9207).
    let back = authorize(&provider).await?;
    assert_eq!(back.response.issuer.as_ref(), Some(&certified.origin));
    for issuer in [None, Some("https://evil.example".to_owned())] {
        let response = AuthorizationResponse { issuer, ..back.response.clone() };
        assert_eq!(identify(flow(), response).await, (ProviderStep::Callback, ProviderFault::InvalidAnswer));
    }

    // Long after the ID token has expired.
    let late = provider.identify(&flow(), &back.response, real_now() + Span::hours(2)).await.unwrap_err();
    assert_eq!(late.step(), ProviderStep::IdToken, "{late}");
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_is_a_matter_for_the_operator() -> anyhow::Result<()> {
    let certified = CertifiedProvider::start(json!({})).await?;
    let mut wrong = credentials();
    wrong.client_secret = "wrong".to_owned();
    let settings = OidcSettings::generic(descriptor(), &certified.origin, wrong);
    let provider = OidcProvider::new(settings, http())?;
    let back = authorize(&provider).await?;
    let error = provider.identify(&flow(), &back.response, real_now()).await.unwrap_err();
    assert_eq!((error.step(), error.fault()), (ProviderStep::TokenExchange, ProviderFault::Misconfigured));
    assert!(error.to_string().contains("invalid_client"), "{error}");
    Ok(())
}

/// As Microsoft has it: one front door for all tenants, and tokens by each tenant's own issuer.
#[tokio::test]
async fn users_of_many_tenants_come_in_by_one_door() -> anyhow::Result<()> {
    for (edov, vouched) in [(json!(true), true), (json!(null), false)] {
        let certified = CertifiedProvider::start(json!({
            "tenant": ACME, "claims_in_id_token": true, "account": {"tid": ACME, "xms_edov": edov},
        }))
        .await?;
        let mut settings = OidcSettings::microsoft("common", credentials());
        let authority = certified.origin.clone();
        settings.issuer = Issuer::Microsoft { authority, tenant: "common".to_owned() };
        // The provider knows the scopes of OpenID Connect only.
        settings.scopes.retain(|scope| scope != "User.Read");
        let identity = log_in(&OidcProvider::new(settings, http())?).await?;
        assert_eq!(identity.subject, format!("{ACME}/ada"));
        assert_eq!(identity.email_verified, vouched);
    }
    Ok(())
}
