use std::collections::BTreeSet;

use archon_domain::{Claims, Instant, Role, SessionId, TokenId, TokenKind, TokenRejection, UserId};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::JoseSettings;

/// The claims as they stand in a token. One that is missing, mistyped or there twice is an error.
#[derive(Debug, Deserialize)]
struct WireClaims {
    iss: String,
    aud: String,
    sub: UserId,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: TokenId,
    r#type: String,
    session_id: String,
    roles: Option<Vec<String>>,
    email_verified: Option<bool>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The payload of a token. Extra claims come first, so that the standard ones win.
pub(crate) fn to_payload(claims: &Claims, settings: &JoseSettings) -> Value {
    let access = claims.kind == TokenKind::Access;
    let mut payload = if access { claims.extra.clone() } else { Map::new() };
    let mut set = |name: &str, value: Value| payload.insert(name.to_owned(), value);
    set("iss", json!(settings.issuer));
    set("aud", json!(settings.audience_of(claims.kind)));
    set("sub", json!(claims.subject));
    set("iat", json!(claims.issued_at.timestamp()));
    set("nbf", json!(claims.issued_at.timestamp()));
    set("exp", json!(claims.expires_at.timestamp()));
    set("jti", json!(claims.id));
    set("type", json!(claims.kind.as_str()));
    set("session_id", json!(claims.session));
    if access {
        set("roles", json!(claims.roles));
        set("email_verified", json!(claims.email_verified));
    }
    Value::Object(payload)
}

/// Reads and judges the payload of a token whose signature is right.
pub(crate) fn check(
    json: &[u8],
    kind: TokenKind,
    settings: &JoseSettings,
    now: Instant,
) -> Result<Claims, TokenRejection> {
    let wire: WireClaims = serde_json::from_slice(json).map_err(|_| TokenRejection::Malformed)?;
    let (issuer, audience) = (wire.iss.clone(), wire.aud.clone());
    let not_before = instant(wire.nbf)?;
    let claims = wire.into_claims()?;
    if issuer != settings.issuer || audience != settings.audience_of(claims.kind) {
        return Err(TokenRejection::WrongAudience);
    }
    if claims.kind != kind {
        return Err(TokenRejection::WrongKind);
    }
    let latest = now + settings.clock_skew;
    if not_before > latest || claims.issued_at > latest {
        return Err(TokenRejection::NotYetValid);
    }
    // RFC 7519 section 4.1.4: refused on and after its expiry.
    if claims.expires_at <= now - settings.expiry_leeway {
        return Err(TokenRejection::Expired);
    }
    Ok(claims)
}

impl WireClaims {
    fn into_claims(self) -> Result<Claims, TokenRejection> {
        let kind = match self.r#type.as_str() {
            "access" => TokenKind::Access,
            "refresh" => TokenKind::Refresh,
            "page" => TokenKind::Page,
            _ => return Err(TokenRejection::Malformed),
        };
        let (roles, email_verified, extra) = match kind {
            TokenKind::Access => {
                let roles = self.roles.ok_or(TokenRejection::Malformed)?;
                let email_verified = self.email_verified.ok_or(TokenRejection::Malformed)?;
                (parse_roles(&roles)?, email_verified, self.extra)
            }
            TokenKind::Refresh | TokenKind::Page => (BTreeSet::new(), false, Map::new()),
        };
        Ok(Claims {
            kind,
            subject: self.sub,
            session: SessionId::parse(&self.session_id).ok_or(TokenRejection::Malformed)?,
            id: self.jti,
            issued_at: instant(self.iat)?,
            expires_at: instant(self.exp)?,
            roles,
            email_verified,
            extra,
        })
    }
}

fn parse_roles(roles: &[String]) -> Result<BTreeSet<Role>, TokenRejection> {
    roles.iter().map(|role| Role::parse(role).map_err(|_| TokenRejection::Malformed)).collect()
}

fn instant(seconds: i64) -> Result<Instant, TokenRejection> {
    Instant::from_timestamp(seconds, 0).ok_or(TokenRejection::Malformed)
}
