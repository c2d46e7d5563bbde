//! A shop that leaves its customers' accounts to Archon Auth and verifies their access tokens by itself, with
//! nothing but the URL of the key set.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the shop has to know of the service.
#[derive(Debug, Clone)]
pub struct AuthSettings {
    /// Where the keys are.
    pub jwks_url: String,
    /// The `iss` claim of tokens.
    pub issuer: String,
    /// The `aud` claim of tokens.
    pub audience: String,
}

/// Verifies access tokens.
struct Verifier {
    keys: JwkSet,
    settings: AuthSettings,
}

/// What the shop reads in a token.
#[derive(Debug, Deserialize)]
struct Customer {
    sub: String,
    email_verified: bool,
    #[serde(rename = "type")]
    kind: String,
}

/// The shop, which has fetched the keys that it verifies tokens with.
///
/// # Errors
/// When the keys cannot be fetched.
pub async fn shop(settings: AuthSettings) -> anyhow::Result<Router> {
    let keys = reqwest::get(&settings.jwks_url).await?.error_for_status()?.json().await?;
    let verifier = Arc::new(Verifier { keys, settings });
    Ok(Router::new().route("/orders", get(list).post(order)).with_state(verifier))
}

/// Runs the shop on a port; returns when that fails.
///
/// # Errors
/// When the port cannot be used.
pub async fn serve(listener: TcpListener, settings: AuthSettings) -> anyhow::Result<()> {
    Ok(axum::serve(listener, shop(settings).await?).await?)
}

/// GET /orders: what a customer has ordered.
async fn list(State(verifier): State<Arc<Verifier>>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let customer = verifier.customer(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(Json(json!({"customer": customer.sub, "orders": []})))
}

/// POST /orders: only for customers whose e-mail address is verified.
async fn order(State(verifier): State<Arc<Verifier>>, headers: HeaderMap) -> Result<StatusCode, StatusCode> {
    let customer = verifier.customer(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    if customer.email_verified { Ok(StatusCode::CREATED) } else { Err(StatusCode::FORBIDDEN) }
}

impl Verifier {
    /// Who sends a request; `None` unless an access token proves it.
    fn customer(&self, headers: &HeaderMap) -> Option<Customer> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let header = decode_header(token).ok()?;
        let key = self.keys.find(header.kid.as_deref()?)?;
        // The algorithm is the key's, never the token's own choice.
        let algorithm = key.common.key_algorithm?.to_string().parse().ok()?;
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&self.settings.issuer]);
        rules.set_audience(&[&self.settings.audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.leeway = 0;
        let customer = decode::<Customer>(token, &DecodingKey::from_jwk(key).ok()?, &rules).ok()?.claims;
        Some(customer).filter(|customer| customer.kind == "access")
    }
}
