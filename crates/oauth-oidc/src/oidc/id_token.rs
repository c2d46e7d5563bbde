//! What makes an ID token one to believe (OpenID Connect Core section 3.1.3.7).

use archon_domain::{Instant, ProviderError, ProviderStep, Span};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, IdTokenClaims,
    IdTokenVerifier, IssuerUrl, Nonce, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::metadata::Metadata;
use crate::fault::{invalid, misconfigured};

/// An ID token whose signature has not been looked at yet.
pub(super) type IdToken = openidconnect::IdToken<
    MoreClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// What an ID token says.
pub(super) type Claims = IdTokenClaims<MoreClaims, CoreGenderClaim>;

/// Claims beyond those of OpenID Connect Core.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct MoreClaims {
    /// From when on the token may be believed (RFC 7519 section 4.1.5).
    nbf: Option<Number>,
    /// Microsoft: the tenant's id.
    tid: Option<String>,
    /// Microsoft: whether the owner of the address's domain was verified.
    xms_edov: Option<Value>,
}

impl AdditionalClaims for MoreClaims {}

impl MoreClaims {
    /// Whether `xms_edov` says yes, which Microsoft writes as `true`, `1` and `"1"`.
    pub(super) fn domain_owner_verified(&self) -> bool {
        match &self.xms_edov {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            Some(Value::String(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }
}

const STEP: ProviderStep = ProviderStep::IdToken;

/// How far a provider's clock may be from ours.
const CLOCK_SKEW: Span = Span::seconds(60);

/// The algorithms of keys that a provider alone has. Neither `none`, which everybody has, nor HS256, for which
/// everybody who learns our client secret has the key.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Judges ID tokens of one exchange.
pub(super) struct Judge<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Instant,
}

/// How a token fared before a judge who knew some keys.
pub(super) enum Verdict {
    Believed(Box<Claims>),
    /// None of the keys is the one that the token names.
    UnknownKey,
}

impl Judge<'_> {
    /// Judges a token and the access token that came with it.
    pub(super) fn judge(
        &self,
        token: &IdToken,
        access_token: &AccessToken,
        keys: &CoreJsonWebKeySet,
    ) -> Result<Verdict, ProviderError> {
        let verifier = self.verifier(keys)?;
        let claims = match token.claims(&verifier, &Nonce::new(self.nonce.to_owned())) {
            Ok(claims) => claims,
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                return Ok(Verdict::UnknownKey);
            }
            Err(error) => return Err(invalid(STEP, explain(&error))),
        };
        self.check_issuer(claims)?;
        self.check_party_and_start(claims)?;
        check_access_token(token, claims, access_token, &verifier)?;
        Ok(Verdict::Believed(Box::new(claims.clone())))
    }

    /// openidconnect's judge. As of a public client, so that the client secret is never taken for a key.
    fn verifier(
        &self,
        keys: &CoreJsonWebKeySet,
    ) -> Result<IdTokenVerifier<'static, CoreJsonWebKey>, ProviderError> {
        let issuer = IssuerUrl::new(self.metadata.token_endpoint.to_string())
            .map_err(|_| misconfigured(STEP, "the token endpoint cannot be used"))?;
        let (earliest_expiry, latest_issue) = (self.now - CLOCK_SKEW, self.now + CLOCK_SKEW);
        let client_id = ClientId::new(self.client_id.to_owned());
        Ok(IdTokenVerifier::new_public_client(client_id, issuer, keys.clone())
            // By our own rule, below: Microsoft has many.
            .require_issuer_match(false)
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || earliest_expiry)
            .set_issue_time_verifier_fn(move |issued_at| {
                if issued_at > latest_issue { Err("issued in the future".to_owned()) } else { Ok(()) }
            }))
    }

    fn check_issuer(&self, claims: &Claims) -> Result<(), ProviderError> {
        let issuer = claims.issuer().as_str();
        if !self.metadata.issuer.admits(issuer) {
            return Err(invalid(STEP, "it is of another issuer"));
        }
        if !self.metadata.issuer.is_tenant(issuer, claims.additional_claims().tid.as_deref()) {
            return Err(invalid(STEP, "its tenant is not its issuer's"));
        }
        Ok(())
    }

    fn check_party_and_start(&self, claims: &Claims) -> Result<(), ProviderError> {
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.client_id) {
            return Err(invalid(STEP, "it was issued to another client"));
        }
        let latest = (self.now + CLOCK_SKEW).timestamp();
        let starts_at = claims.additional_claims().nbf.as_ref().and_then(Number::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds of this era fit")]
        if starts_at.is_some_and(|start| start > latest as f64) {
            return Err(invalid(STEP, "it is not valid yet"));
        }
        Ok(())
    }
}

/// Judges `at_hash` where there is one (OpenID Connect Core section 3.1.3.8).
fn check_access_token(
    token: &IdToken,
    claims: &Claims,
    access_token: &AccessToken,
    verifier: &IdTokenVerifier<'_, CoreJsonWebKey>,
) -> Result<(), ProviderError> {
    let Some(expected) = claims.access_token_hash() else { return Ok(()) };
    let unusable = || invalid(STEP, "the hash of its access token cannot be computed");
    let algorithm = token.signing_alg().map_err(|_| unusable())?;
    let key = token.signing_key(verifier).map_err(|_| unusable())?;
    let found = AccessTokenHash::from_token(access_token, algorithm, key).map_err(|_| unusable())?;
    if found == *expected { Ok(()) } else { Err(invalid(STEP, "it belongs to another access token")) }
}

/// Why a token is not believed, without anything that stands in it.
fn explain(error: &ClaimsVerificationError) -> &'static str {
    use SignatureVerificationError as Signature;
    match error {
        ClaimsVerificationError::Expired(_) => "it has expired, or was issued in the future",
        ClaimsVerificationError::InvalidAudience(_) => "it is for another audience",
        ClaimsVerificationError::InvalidNonce(_) => "its nonce is not that of this log-in",
        ClaimsVerificationError::SignatureVerification(error) => match error {
            Signature::NoSignature => "it is not signed",
            Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_) => {
                "it is signed by an algorithm that is not allowed"
            }
            Signature::AmbiguousKeyId(_) => "it does not say which key it is signed with",
            _ => "its signature does not match",
        },
        _ => "it cannot be judged",
    }
}
