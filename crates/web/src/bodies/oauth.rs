//! What log-ins with a provider take and yield. A callback's query and its body hold the same.

use archon_app::{Auth, BegunOauth, CallbackOutcome, Policy, RedirectUris};
use archon_domain::{AuthorizationResponse, FieldError, FieldErrorCode, LinkedIdentity, ProviderDescriptor};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::body::RequestBody;
use crate::fields::Fields;

/// Begin a log-in with a provider, or to link one.
#[derive(Debug, ToSchema, IntoParams)]
#[schema(as = AuthorizeRequest)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuthorizeBody {
    /// Where the provider sends the user back to: an address that the service lists, to the letter.
    #[schema(max_length = 2048, example = "https://app.example.com/callback")]
    #[param(max_length = 2048, example = "https://app.example.com/callback")]
    pub(crate) redirect_uri: String,
}

impl RequestBody for AuthorizeBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let redirect_uri = parameter(fields, "redirect_uri", RedirectUris::MAX_BYTES);
        Some(Self { redirect_uri: redirect_uri? })
    }
}

/// What the provider has sent back with the user: `code`, or `error` in its place (RFC 6749 section 4.1.2).
#[derive(ToSchema, IntoParams)]
#[schema(as = ProviderCallback)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackBody {
    /// `state` as it came back.
    #[schema(max_length = 512, example = "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs")]
    #[param(max_length = 512, example = "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs")]
    pub(crate) state: String,
    /// `code` as it came back; needed unless there is an `error`.
    #[schema(max_length = 8192, example = "4/0AX4XfWh...")]
    #[param(max_length = 8192, example = "4/0AX4XfWh...")]
    pub(crate) code: Option<String>,
    /// `iss` as it came back, if it did (RFC 9207): leave it out, and who is behind a mix-up is not seen.
    #[schema(max_length = 2048, example = "https://accounts.google.com")]
    #[param(max_length = 2048, example = "https://accounts.google.com")]
    pub(crate) iss: Option<String>,
    /// `error` as it came back.
    #[schema(max_length = 256, example = "access_denied")]
    #[param(max_length = 256, example = "access_denied")]
    pub(crate) error: Option<String>,
    /// `error_description` as it came back: for the service's log.
    #[schema(max_length = 2048)]
    #[param(max_length = 2048)]
    pub(crate) error_description: Option<String>,
}

impl RequestBody for CallbackBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let error = optional_parameter(fields, "error", 256);
        let code = match error {
            Some(_) => optional_parameter(fields, "code", 8192),
            None => parameter(fields, "code", 8192),
        };
        let state = parameter(fields, "state", 512);
        let iss = optional_parameter(fields, "iss", 2048);
        let error_description = fields.optional_text("error_description", bounded("error_description", 2048));
        Some(Self { state: state?, code, iss, error, error_description })
    }
}

impl CallbackBody {
    /// What came back besides the state. An error stands for itself, whatever comes with it.
    pub(crate) fn outcome(self) -> CallbackOutcome {
        match self.error {
            Some(error) => CallbackOutcome::Error { error, description: self.error_description },
            None => {
                let (code, issuer) = (self.code.unwrap_or_default(), self.iss);
                CallbackOutcome::Code(AuthorizationResponse { code, issuer })
            }
        }
    }
}

/// A parameter that must be there: printable ASCII characters (RFC 6749 appendix A), so many bytes at most.
fn parameter(fields: &mut Fields, name: &'static str, most: usize) -> Option<String> {
    fields.text(name, |text| {
        let text = bounded(name, most)(text)?;
        if text.trim().is_empty() {
            return Err(FieldError::new(name, FieldErrorCode::Empty, "must not be empty"));
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let message = "must hold printable ASCII characters only";
            return Err(FieldError::new(name, FieldErrorCode::InvalidCharacters, message));
        }
        Ok(text)
    })
}

/// The same, of one that may be absent.
fn optional_parameter(fields: &mut Fields, name: &'static str, most: usize) -> Option<String> {
    if fields.is_absent(name) { None } else { parameter(fields, name, most) }
}

fn bounded(name: &'static str, most: usize) -> impl Fn(&str) -> Result<String, FieldError> {
    move |text| {
        if text.len() > most {
            let message = format!("must be at most {most} bytes long");
            return Err(FieldError::new(name, FieldErrorCode::TooLong, message));
        }
        Ok(text.to_owned())
    }
}

/// A provider that users can log in with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderBody {
    /// Its name in paths.
    #[schema(example = "google")]
    name: String,
    /// What a button says.
    #[schema(example = "Google")]
    display_name: String,
    /// Where an icon is: an address, or a path of this service; null where there is none.
    #[schema(example = "/auth/pages/assets/google.svg")]
    icon_url: Option<String>,
    /// Whether the service has credentials for it.
    enabled: bool,
}

/// What users can log in with besides a password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Providers)]
pub(crate) struct ProvidersBody {
    providers: Vec<ProviderBody>,
}

impl ProvidersBody {
    /// The list; `icon_of` says where this service has an icon of a provider.
    pub(crate) fn new(
        listed: Vec<(&ProviderDescriptor, bool)>,
        icon_of: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let providers = listed.into_iter().map(|(descriptor, enabled)| ProviderBody {
            name: descriptor.name.clone(),
            display_name: descriptor.display_name.clone(),
            icon_url: descriptor.icon_url.clone().or_else(|| icon_of(&descriptor.name)),
            enabled,
        });
        Self { providers: providers.collect() }
    }
}

/// Where to send the user's browser.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Authorization)]
pub(crate) struct AuthorizationBody {
    /// The provider's page.
    #[schema(example = "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&...")]
    authorization_url: String,
    /// What the provider sends back with the user. Keep it with the user's browser and compare: a callback with
    /// another one was begun by somebody else.
    #[schema(example = "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs")]
    state: String,
}

impl From<BegunOauth> for AuthorizationBody {
    fn from(begun: BegunOauth) -> Self {
        Self { authorization_url: begun.authorization_url, state: begun.state.expose().to_owned() }
    }
}

/// A provider that is linked to the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityBody {
    #[schema(example = "google")]
    provider: String,
    #[schema(example = "Google")]
    display_name: String,
    /// The address that the provider had when it was linked.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    linked_at: DateTime<Utc>,
}

impl IdentityBody {
    pub(crate) fn new(identity: LinkedIdentity, auth: &Auth) -> Self {
        Self {
            display_name: auth.provider_display_name(&identity.provider).to_owned(),
            provider: identity.provider,
            email: identity.email,
            linked_at: identity.created_at,
        }
    }
}

/// The providers that are linked to the account, the first linked first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identities)]
pub(crate) struct IdentitiesBody {
    identities: Vec<IdentityBody>,
    total: usize,
}

impl IdentitiesBody {
    pub(crate) fn new(identities: Vec<LinkedIdentity>, auth: &Auth) -> Self {
        let identities: Vec<_> =
            identities.into_iter().map(|identity| IdentityBody::new(identity, auth)).collect();
        Self { total: identities.len(), identities }
    }
}

/// A linked provider as the export has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExportedIdentity)]
pub(crate) struct ExportedIdentityBody {
    #[schema(example = "google")]
    provider: String,
    /// What the provider calls the user.
    #[schema(example = "110169484474386276334")]
    subject: String,
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    linked_at: DateTime<Utc>,
}

impl From<LinkedIdentity> for ExportedIdentityBody {
    fn from(identity: LinkedIdentity) -> Self {
        let LinkedIdentity { provider, subject, email, created_at, user: _ } = identity;
        Self { provider, subject, email, linked_at: created_at }
    }
}
