//! What the UserInfo endpoint says (OpenID Connect Core section 5.3), asked where the ID token is silent.

use archon_domain::{Email, PersonName, ProviderError, ProviderStep};
use openidconnect::core::CoreUserInfoClaims;
use openidconnect::url::Url;
use openidconnect::{
    EndUserName, HttpClientError, HttpRequest, LocalizedClaim, OAuth2TokenResponse as _, SubjectIdentifier,
    UserInfoError,
};

use super::client::Granted;
use super::id_token::Claims;
use super::issuer::TokenIssuer;
use crate::fault::{invalid, refused};
use crate::http::{ProviderHttp, Repeat, Visit, bearer};
use crate::person;

/// How a user can be reached and called.
pub(super) struct Contact {
    pub(super) email: Option<Email>,
    pub(super) email_verified: bool,
    pub(super) name: Option<PersonName>,
}

impl Contact {
    /// What the ID token says of it.
    pub(super) fn of_id_token(claims: &Claims, issuer: &TokenIssuer) -> Self {
        let vouched = if issuer.vouches_by_email_verified() {
            claims.email_verified() == Some(true)
        } else {
            claims.additional_claims().domain_owner_verified()
        };
        Self::new(claims.email().map(|email| email.as_str()), vouched, claims.name())
    }

    fn new(email: Option<&str>, vouched: bool, name: Option<&LocalizedClaim<EndUserName>>) -> Self {
        let email = person::email(email);
        let email_verified = vouched && email.is_some();
        let name =
            name.and_then(|names| names.get(None).or_else(|| names.iter().next().map(|(_, name)| name)));
        Self { email, email_verified, name: person::name(name.map(|name| name.as_str())) }
    }
}

const STEP: ProviderStep = ProviderStep::UserInfo;

/// Asks the UserInfo endpoint about the user whom the ID token calls `subject`.
pub(super) async fn ask(
    http: &ProviderHttp,
    visit: Visit,
    endpoint: &Url,
    granted: &Granted,
    subject: &SubjectIdentifier,
    issuer: &TokenIssuer,
) -> Result<Contact, ProviderError> {
    let request: HttpRequest = bearer(STEP, endpoint, granted.access_token().secret(), "application/json")?;
    let response = http.send(visit, STEP, &request, Repeat::Always).await?;
    match response.status().as_u16() {
        200 => {}
        401 | 403 => return Err(refused(STEP, format!("answered {}", response.status()))),
        _ => return Err(invalid(STEP, format!("answered {}", response.status()))),
    }
    // Section 5.3.2: the answer may be about somebody else, and is then not to be used.
    let claims =
        CoreUserInfoClaims::from_json::<HttpClientError<reqwest::Error>>(response.body(), Some(subject));
    let claims = claims.map_err(|error| match error {
        UserInfoError::ClaimsVerification(_) => invalid(STEP, "it is about somebody else"),
        _ => invalid(STEP, "the answer cannot be read"),
    })?;
    let vouched = issuer.vouches_by_email_verified() && claims.email_verified() == Some(true);
    Ok(Contact::new(claims.email().map(|email| email.as_str()), vouched, claims.name()))
}
