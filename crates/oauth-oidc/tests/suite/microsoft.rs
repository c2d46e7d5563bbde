//! Microsoft Entra: an issuer per tenant, and addresses that any tenant's administrator can make up.

use archon_domain::ports::IdentityProvider as _;
use archon_domain::{AuthorizationResponse, ExternalIdentity, ProviderError};
use archon_oauth_oidc::{Issuer, OidcProvider, OidcSettings};
use serde_json::{Value, json};

use crate::support::stub::{Reply, Stub};
use crate::support::{
    CLIENT_ID, NONCE, SUBJECT, USUAL_KEY, callback, credentials, flow, granted, http, now, state,
};

const ACME: &str = "11111111-2222-3333-4444-555555555555";
const OTHER: &str = "99999999-2222-3333-4444-555555555555";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A stand-in for login.microsoftonline.com.
struct Entra {
    stub: Stub,
    configured: String,
    provider: OidcProvider,
}

impl Entra {
    /// Configured for `tenant`, with metadata whose issuer names `issuer` in the tenant's place.
    async fn start(tenant: &str, issuer: &str) -> Self {
        let stub = Stub::start().await;
        let mut settings = OidcSettings::microsoft(tenant, credentials());
        settings.issuer = Issuer::Microsoft { authority: stub.url.clone(), tenant: tenant.to_owned() };
        let url = &stub.url;
        let metadata = json!({
            "issuer": format!("{url}/{issuer}/v2.0"),
            "authorization_endpoint": format!("{url}/{tenant}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{url}/{tenant}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{url}/{tenant}/discovery/v2.0/keys"),
            "userinfo_endpoint": format!("{url}/oidc/userinfo"),
        });
        stub.always("/oidc/userinfo", Reply::json(&json!({"sub": SUBJECT})));
        stub.always(&format!("/{tenant}/v2.0/.well-known/openid-configuration"), Reply::json(&metadata));
        let keys = json!({"keys": [USUAL_KEY.public()]});
        stub.always(&format!("/{tenant}/discovery/v2.0/keys"), Reply::json(&keys));
        let provider = OidcProvider::new(settings, http()).unwrap();
        Self { provider, configured: tenant.to_owned(), stub }
    }

    fn issuer(&self, tenant: &str) -> String {
        format!("{}/{tenant}/v2.0", self.stub.url)
    }

    /// Has a user of `tenant` come back, with further claims in the ID token.
    async fn identify(&self, tenant: &str, more: Value) -> Result<ExternalIdentity, ProviderError> {
        self.identify_from(tenant, more, callback()).await
    }

    async fn identify_from(
        &self,
        tenant: &str,
        more: Value,
        callback: AuthorizationResponse,
    ) -> Result<ExternalIdentity, ProviderError> {
        let now_seconds = now().timestamp();
        let mut claims = json!({
            "iss": self.issuer(tenant), "tid": tenant, "aud": CLIENT_ID, "sub": SUBJECT, "nonce": NONCE,
            "iat": now_seconds, "nbf": now_seconds, "exp": now_seconds + 300,
            "email": "ada@example.com", "name": "Ada", "preferred_username": "ada@acme.example",
        });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.stub
            .always(&format!("/{}/oauth2/v2.0/token", self.configured), granted(&USUAL_KEY.sign(&claims)));
        self.provider.identify(&flow(), &callback, now()).await
    }
}

#[tokio::test]
async fn common_lets_users_of_every_tenant_in_and_keeps_them_apart() {
    let entra = Entra::start("common", "{tenantid}").await;
    for tenant in [ACME, OTHER, PERSONAL] {
        let identity = entra.identify(tenant, json!({})).await.unwrap();
        assert_eq!(identity.subject, format!("{tenant}/{SUBJECT}"));
        assert_eq!(identity.provider, "microsoft");
    }
    let url = entra.provider.authorization_url(&flow(), &state(), now()).await.unwrap();
    assert!(url.contains("scope=openid+email+profile+User.Read&"), "{url}");
}

#[tokio::test]
async fn a_token_is_of_the_tenant_of_its_issuer() {
    let entra = Entra::start("common", "{tenantid}").await;
    for (more, reason) in [
        (json!({"tid": OTHER}), "its tenant is not its issuer's"),
        (json!({"tid": null}), "its tenant is not its issuer's"),
        (json!({"iss": format!("https://evil.example/{ACME}/v2.0")}), "it is of another issuer"),
        (json!({"iss": entra.issuer("{tenantid}"), "tid": "{tenantid}"}), "it is of another issuer"),
        (json!({"iss": entra.issuer("acme"), "tid": "acme"}), "it is of another issuer"),
    ] {
        let error = entra.identify(ACME, more.clone()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("ID token: the provider's answer is invalid: {reason}"),
            "{more}"
        );
    }
}

#[tokio::test]
async fn one_tenant_and_organizations_let_nobody_else_in() {
    for (tenant, issuer, welcome, strangers) in [
        (ACME, ACME, ACME, [OTHER, PERSONAL].as_slice()),
        ("acme.example", ACME, ACME, &[OTHER, PERSONAL]),
        ("consumers", PERSONAL, PERSONAL, &[ACME]),
        ("organizations", "{tenantid}", ACME, &[PERSONAL]),
    ] {
        let entra = Entra::start(tenant, issuer).await;
        let identity = entra.identify(welcome, json!({})).await.unwrap();
        assert_eq!(identity.subject, format!("{welcome}/{SUBJECT}"), "{tenant}");
        for stranger in strangers {
            let error = entra.identify(stranger, json!({})).await.unwrap_err();
            assert!(error.to_string().ends_with("it is of another issuer"), "{tenant}: {error}");
        }
    }
    let entra = Entra::start(ACME, OTHER).await;
    let error = entra.identify(ACME, json!({})).await.unwrap_err();
    assert!(error.to_string().ends_with("another issuer than the configured tenant's"), "{error}");
}

/// The attack called nOAuth: whoever administers a tenant gives a user of theirs somebody else's address.
#[tokio::test]
async fn an_address_is_vouched_for_only_where_the_owner_of_its_domain_was_verified() {
    let entra = Entra::start("common", "{tenantid}").await;
    for (more, vouched) in [
        (json!({}), false),
        (json!({"email_verified": true}), false),
        (json!({"xms_edov": false}), false),
        (json!({"xms_edov": "0"}), false),
        (json!({"xms_edov": 0}), false),
        (json!({"xms_edov": true}), true),
        (json!({"xms_edov": 1}), true),
        (json!({"xms_edov": "1"}), true),
        (json!({"xms_edov": "true"}), true),
    ] {
        let identity = entra.identify(ACME, more.clone()).await.unwrap();
        assert_eq!(identity.email_verified, vouched, "{more}");
        assert_eq!(
            identity.email.map(|email| email.as_typed().to_owned()).as_deref(),
            Some("ada@example.com")
        );
    }
    // The name that users log in with looks like an address, and nobody need receive mail there.
    let identity = entra.identify(ACME, json!({"email": null, "xms_edov": true})).await.unwrap();
    assert!(identity.email.is_none() && !identity.email_verified);
    // The UserInfo endpoint knows nothing of who owns a domain.
    let told = json!({"sub": SUBJECT, "email": "ada@example.com", "email_verified": true});
    entra.stub.always("/oidc/userinfo", Reply::json(&told));
    let identity = entra.identify(ACME, json!({"email": null, "xms_edov": true})).await.unwrap();
    assert!(identity.email.is_some() && !identity.email_verified);
}

#[tokio::test]
async fn a_callback_of_one_tenant_does_not_bring_a_token_of_another() {
    let entra = Entra::start("common", "{tenantid}").await;
    let from = |issuer: String| AuthorizationResponse { issuer: Some(issuer), ..callback() };
    entra.identify_from(ACME, json!({}), from(entra.issuer(ACME))).await.unwrap();
    let error = entra.identify_from(ACME, json!({}), from(entra.issuer(OTHER))).await.unwrap_err();
    assert!(error.to_string().ends_with("it is of another issuer than the callback"), "{error}");
    let error =
        entra.identify_from(ACME, json!({}), from("https://evil.example".to_owned())).await.unwrap_err();
    assert!(error.to_string().ends_with("it comes from another issuer"), "{error}");
}
