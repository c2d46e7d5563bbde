use std::collections::BTreeSet;

use archon_app::{Policy, Reason};
use archon_domain::{FieldError, FieldErrorCode, Role};
use utoipa::ToSchema;

use crate::body::RequestBody;
use crate::fields::Fields;

/// Most roles of an account.
const MOST_ROLES: usize = 32;

/// Why something is administered.
#[derive(Debug, ToSchema)]
#[schema(as = AdminRequest)]
pub(crate) struct ReasonBody {
    /// 1 to 500 characters after trimming, no control characters; kept in the security event of the action.
    #[schema(value_type = String, min_length = 1, max_length = 500, example = "Left the company, ticket 4711")]
    pub(crate) reason: Reason,
}

impl RequestBody for ReasonBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        Some(Self { reason: fields.text("reason", Reason::parse)? })
    }
}

/// Set what a user may do.
#[derive(Debug, ToSchema)]
#[schema(as = SetRolesRequest)]
pub(crate) struct SetRolesBody {
    /// All the roles from now on, 1 to 32: each 1 to 32 of `a-z`, `0-9`, `_` and `-`.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 32, example = json!(["admin", "user"]))]
    pub(crate) roles: BTreeSet<Role>,
    /// 1 to 500 characters after trimming, no control characters; kept in the security event of the action.
    #[schema(value_type = String, min_length = 1, max_length = 500, example = "On call from May on")]
    pub(crate) reason: Reason,
}

impl RequestBody for SetRolesBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let roles = fields.texts("roles", role).and_then(|roles| fields.keep_all(counted(roles)));
        let reason = fields.text("reason", Reason::parse);
        Some(Self { roles: roles?, reason: reason? })
    }
}

fn role(text: &str) -> Result<Role, FieldError> {
    Role::parse(text).map_err(|message| FieldError::new("roles", FieldErrorCode::InvalidFormat, message))
}

fn counted(roles: Vec<Role>) -> Result<BTreeSet<Role>, Vec<FieldError>> {
    let (code, message) = match roles.len() {
        0 => (FieldErrorCode::Empty, "must name at least one role"),
        1..=MOST_ROLES => return Ok(roles.into_iter().collect()),
        _ => (FieldErrorCode::TooLong, "must name at most 32 roles"),
    };
    Err(vec![FieldError::new("roles", code, message)])
}
