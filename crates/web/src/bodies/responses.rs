use archon_app::{AccountExport, DependencyHealth, Health, HealthStatus, ListedSession, TokenPair};
use archon_domain::{Instant, Profile, SecurityEvent, Session, User};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ExportedIdentityBody;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    id: Uuid,
    #[schema(format = Email, example = "ada@example.com")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
    email_verified: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
}

impl From<Profile> for UserBody {
    fn from(profile: Profile) -> Self {
        Self {
            id: profile.id.as_uuid(),
            email: profile.email.as_typed().to_owned(),
            name: profile.name.as_str().to_owned(),
            email_verified: profile.email_verified_at.is_some(),
            created_at: profile.created_at,
            updated_at: profile.updated_at,
            last_login_at: profile.last_login_at,
            metadata: profile.metadata.into_object(),
        }
    }
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self::from(Profile::from(user))
    }
}

/// A pair of tokens (RFC 6749 section 5.1).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenPair)]
pub(crate) struct TokenPairBody {
    /// Opens the API.
    #[schema(example = "eyJhbGciOiJSUzI1NiIs...")]
    access_token: String,
    /// Buys the next pair, once.
    #[schema(example = "eyJhbGciOiJSUzI1NiIs...")]
    refresh_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 0, example = 900)]
    expires_in: i64,
    /// Seconds until the refresh token stops working if it is not used.
    #[schema(minimum = 0, example = 3600)]
    refresh_expires_in: i64,
}

impl From<TokenPair> for TokenPairBody {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access_token.expose().to_owned(),
            refresh_token: pair.refresh_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: pair.expires_in,
            refresh_expires_in: pair.refresh_expires_in,
        }
    }
}

/// A new account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Registered)]
pub(crate) struct RegisteredBody {
    pub(crate) user: UserBody,
    /// The first tokens; null where the address must be verified before the first log-in.
    pub(crate) tokens: Option<TokenPairBody>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionBody {
    #[schema(example = "pJ1Zk0m8WQqf3vCq0jTn5e6u2yXbR4aS")]
    id: String,
    created_at: DateTime<Utc>,
    last_accessed: DateTime<Utc>,
    /// When it ends if it is not used before.
    expires_at: DateTime<Utc>,
    #[schema(example = "192.0.2.1")]
    ip_address: String,
    user_agent: String,
    /// A label a person recognises.
    #[schema(example = "Firefox on Linux")]
    device: String,
    active: bool,
    /// Whether the request came with this session.
    current: bool,
}

impl SessionBody {
    pub(crate) fn new(session: Session, current: bool, now: Instant) -> Self {
        Self {
            active: session.is_live(now),
            device: session.user_agent.device(),
            id: session.id.as_str().to_owned(),
            created_at: session.created_at,
            last_accessed: session.last_accessed,
            expires_at: session.expires_at,
            ip_address: session.address.to_string(),
            user_agent: session.user_agent.as_str().to_owned(),
            current,
        }
    }
}

/// A user's sessions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(crate) struct SessionsBody {
    sessions: Vec<SessionBody>,
    total: usize,
}

impl SessionsBody {
    pub(crate) fn new(listed: Vec<ListedSession>, now: Instant) -> Self {
        let sessions: Vec<_> =
            listed.into_iter().map(|listed| SessionBody::new(listed.session, listed.current, now)).collect();
        Self { total: sessions.len(), sessions }
    }
}

/// That something was done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageBody {
    message: String,
    success: bool,
}

impl MessageBody {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), success: true }
    }
}

/// Everything held about a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountExport)]
pub(crate) struct ExportBody {
    exported_at: DateTime<Utc>,
    user: UserBody,
    roles: Vec<String>,
    identities: Vec<ExportedIdentityBody>,
    sessions: Vec<SessionBody>,
    known_networks: Vec<KnownNetworkBody>,
    security_events: Vec<EventBody>,
}

/// A network the user has logged in from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KnownNetwork)]
pub(crate) struct KnownNetworkBody {
    #[schema(example = "192.0.2.1")]
    network: String,
    last_login_at: DateTime<Utc>,
}

impl ExportBody {
    pub(crate) fn new(export: AccountExport, current: &archon_domain::SessionId) -> Self {
        let AccountExport { exported_at, user, identities, sessions, known_networks, events } = export;
        let sessions = sessions.into_iter().map(|session| {
            let is_current = session.id == *current;
            SessionBody::new(session, is_current, exported_at)
        });
        Self {
            exported_at,
            roles: user.roles.iter().map(ToString::to_string).collect(),
            identities: identities.into_iter().map(ExportedIdentityBody::from).collect(),
            sessions: sessions.collect(),
            known_networks: known_networks
                .into_iter()
                .map(|(network, last)| KnownNetworkBody { network: network.to_string(), last_login_at: last })
                .collect(),
            security_events: events.into_iter().map(EventBody::from).collect(),
            user: user.into(),
        }
    }
}

/// A security event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecurityEvent)]
pub(crate) struct EventBody {
    id: Uuid,
    time: DateTime<Utc>,
    #[schema(example = "login_succeeded")]
    r#type: &'static str,
    #[schema(example = "info")]
    severity: &'static str,
    session_id: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    #[schema(value_type = Object)]
    details: Map<String, Value>,
}

impl From<SecurityEvent> for EventBody {
    fn from(event: SecurityEvent) -> Self {
        Self {
            id: event.id.as_uuid(),
            time: event.at,
            r#type: event.kind.as_str(),
            severity: event.severity.as_str(),
            session_id: event.session.map(|session| session.as_str().to_owned()),
            ip_address: event.address.map(|address| address.to_string()),
            user_agent: event.user_agent.map(|agent| agent.as_str().to_owned()),
            request_id: event.request_id,
            details: event.details,
        }
    }
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(example = "healthy")]
    status: &'static str,
    timestamp: DateTime<Utc>,
    #[schema(example = "0.1.0")]
    version: &'static str,
    dependencies: DependenciesBody,
    #[schema(minimum = 0)]
    uptime_seconds: i64,
}

/// What the service depends on: each `healthy`, `not_configured` or `unhealthy: <reason>`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dependencies)]
pub(crate) struct DependenciesBody {
    #[schema(example = "healthy")]
    database: String,
    #[schema(example = "not_configured")]
    redis: String,
    #[schema(example = "healthy")]
    mail: String,
}

impl From<Health> for HealthBody {
    fn from(health: Health) -> Self {
        let word = |dependency: DependencyHealth| match dependency {
            DependencyHealth::Healthy => "healthy".to_owned(),
            DependencyHealth::NotConfigured => "not_configured".to_owned(),
            DependencyHealth::Unhealthy(reason) => format!("unhealthy: {reason}"),
        };
        Self {
            status: match health.status {
                HealthStatus::Healthy => "healthy",
                HealthStatus::Degraded => "degraded",
                HealthStatus::Unhealthy => "unhealthy",
            },
            timestamp: health.at,
            version: env!("CARGO_PKG_VERSION"),
            dependencies: DependenciesBody {
                database: word(health.database),
                redis: word(health.redis),
                mail: word(health.mail),
            },
            uptime_seconds: health.uptime.num_seconds().max(0),
        }
    }
}

/// Whether a probe succeeded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probe)]
pub(crate) struct ProbeBody {
    /// `ok` or `unavailable`.
    #[schema(example = "ok")]
    pub(crate) status: &'static str,
}

/// The public signing keys (RFC 7517 section 5).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JwkSet)]
pub(crate) struct JwkSetBody {
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// An error. With `Accept: application/problem+json` it comes as RFC 9457 says instead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// The family of the error.
    #[schema(example = "validation_error")]
    pub(crate) error: &'static str,
    /// The precise cause.
    #[schema(example = "WEAK_PASSWORD")]
    pub(crate) code: &'static str,
    /// What is wrong and what to do, for a person.
    pub(crate) message: String,
    /// Everything that is wrong, field by field, or ways out.
    pub(crate) details: Vec<ErrorDetailBody>,
    pub(crate) timestamp: DateTime<Utc>,
    /// The request's id, as in `X-Request-ID`.
    #[schema(example = "0198c0de-7d3a-7000-8000-000000000000")]
    pub(crate) request_id: String,
}

/// One thing that is wrong, or one way out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
pub(crate) struct ErrorDetailBody {
    #[schema(example = "password")]
    pub(crate) field: String,
    #[schema(example = "must hold at least one digit")]
    pub(crate) message: String,
    #[schema(example = "WEAK_PASSWORD")]
    pub(crate) code: &'static str,
}

/// An error in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemDetails)]
pub(crate) struct ProblemBody {
    #[schema(example = "urn:archon-auth:error:weak_password")]
    pub(crate) r#type: String,
    #[schema(example = "Bad Request")]
    pub(crate) title: String,
    #[schema(example = 400)]
    pub(crate) status: u16,
    pub(crate) detail: String,
    #[schema(example = "/auth/register")]
    pub(crate) instance: String,
    #[schema(example = "WEAK_PASSWORD")]
    pub(crate) code: &'static str,
    pub(crate) request_id: String,
    pub(crate) errors: Vec<ErrorDetailBody>,
}
