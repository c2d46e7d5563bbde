use archon_app::UserDetails;
use archon_domain::{AttemptStanding, User};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bodies::{ExportedIdentityBody, UserBody};

/// A user as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUser)]
pub(crate) struct AdminUserBody {
    #[serde(flatten)]
    user: UserBody,
    /// `active` or `disabled`.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(example = json!(["user"]))]
    roles: Vec<String>,
    /// Whether the account has a password; without one it is logged in to with a provider only.
    has_password: bool,
}

impl From<User> for AdminUserBody {
    fn from(user: User) -> Self {
        Self {
            status: user.status.as_str(),
            roles: user.roles.iter().map(ToString::to_string).collect(),
            has_password: user.password.is_some(),
            user: user.into(),
        }
    }
}

/// Some accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUsers)]
pub(crate) struct UserPageBody {
    pub(crate) users: Vec<AdminUserBody>,
    /// What to ask for the next page with; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// A user with what an administrator wants to know besides.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminUserDetails)]
pub(crate) struct UserDetailsBody {
    #[serde(flatten)]
    user: AdminUserBody,
    /// The providers that are linked to the account.
    identities: Vec<ExportedIdentityBody>,
    /// How many live sessions there are.
    #[schema(minimum = 0, example = 2)]
    session_count: usize,
    lock: LockBody,
}

/// How failed log-ins stand, for everybody who does not come from a network that the account knows: those are
/// judged by their own failures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminLock)]
struct LockBody {
    /// Failures that count now.
    #[schema(minimum = 0)]
    failures: u32,
    /// Until when nobody can log in from an unknown network; null where nothing is locked.
    locked_until: Option<DateTime<Utc>>,
}

impl From<UserDetails> for UserDetailsBody {
    fn from(details: UserDetails) -> Self {
        let UserDetails { user, identities, sessions, attempts } = details;
        let AttemptStanding { failures, locked_until, just_locked: _ } = attempts;
        Self {
            user: user.into(),
            identities: identities.into_iter().map(ExportedIdentityBody::from).collect(),
            session_count: sessions,
            lock: LockBody { failures, locked_until },
        }
    }
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EndedSessions)]
pub(crate) struct EndedBody {
    #[schema(minimum = 0, example = 2)]
    pub(crate) ended: usize,
}
