use std::net::IpAddr;

use archon_app::{BlockAddress, Policy, Reason};
use archon_domain::{
    AlertCause, AlertFilter, AlertKind, ClientNetwork, FieldError, FieldErrorCode, Instant, Span, UserId,
};
use utoipa::{IntoParams, ToSchema};

use super::queries::{client_address, limit, parsed, period, place};
use crate::body::RequestBody;
use crate::fields::Fields;

/// For how long an address can be blocked, in seconds: a minute to a year.
const DURATIONS: std::ops::RangeInclusive<u64> = 60..=31_536_000;

/// Which alerts to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindAlertsQuery {
    /// Of these types, such as `failed_logins`: separated by commas, or the parameter comes again.
    #[param(value_type = Option<Vec<String>>, example = json!(["failed_logins", "token_attacks"]))]
    r#type: Vec<AlertKind>,
    /// Caused by this client address.
    #[param(value_type = Option<String>, example = "198.51.100.7")]
    address: Option<IpAddr>,
    /// About this user's account; not together with `address`.
    #[param(value_type = Option<String>, format = Uuid, example = "0198c0de-7d3a-7000-8000-000000000000")]
    user: Option<UserId>,
    /// With an event at or after this instant.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-05T10:00:00Z")]
    from: Option<Instant>,
    /// Raised before this instant.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-06T10:00:00Z")]
    until: Option<Instant>,
    /// `next_cursor` of the page before, with the same conditions.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<String>,
    /// Most alerts to answer with.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
}

impl RequestBody for FindAlertsQuery {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let kinds = fields.words("type", parsed("type", "is no type of alerts"));
        let address = fields.optional_text("address", client_address("address"));
        let user = fields.optional_text("user", parsed("user", "must be a user's id"));
        if address.is_some() && user.is_some() {
            let message = "cannot be combined with address: an alert has one cause";
            fields.keep_all::<()>(Err(vec![FieldError::new("user", FieldErrorCode::InvalidFormat, message)]));
        }
        let (from, until) = period(fields);
        let (cursor, limit) = place(fields);
        fields.refuse_others();
        Some(Self { r#type: kinds?, address, user, from, until, cursor, limit })
    }
}

impl FindAlertsQuery {
    /// The conditions of the list.
    pub(crate) fn filter(&self) -> AlertFilter {
        let cause = self.address.map(AlertCause::of_address).or(self.user.map(AlertCause::User));
        AlertFilter { kinds: self.r#type.clone(), cause, from: self.from, until: self.until }
    }
}

/// How many of a list that has one page.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LimitQuery {
    /// Most entries to answer with.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
}

impl RequestBody for LimitQuery {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let limit = limit(fields);
        fields.refuse_others();
        Some(Self { limit })
    }
}

/// Block a client address.
#[derive(Debug, ToSchema)]
#[schema(as = BlockAddressRequest)]
pub(crate) struct BlockAddressBody {
    /// An IPv4 address, or any address of an IPv6 /64, which is blocked as a whole.
    #[schema(value_type = String, example = "198.51.100.7")]
    address: ClientNetwork,
    /// For how long; at most a year.
    #[schema(value_type = u64, minimum = 60, maximum = 31_536_000, example = 3600)]
    duration_seconds: Span,
    /// 1 to 500 characters after trimming, no control characters; shown with the block, and kept in the security event.
    #[schema(value_type = String, min_length = 1, max_length = 500, example = "Scans us, ticket 4711")]
    pub(crate) reason: Reason,
}

impl RequestBody for BlockAddressBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let address = fields.text("address", client_address("address")).map(ClientNetwork::of);
        let duration =
            fields.number("duration_seconds", DURATIONS).and_then(|seconds| i64::try_from(seconds).ok());
        let reason = fields.text("reason", Reason::parse);
        let duration_seconds = duration.map(Span::seconds);
        Some(Self { address: address?, duration_seconds: duration_seconds?, reason: reason? })
    }
}

impl BlockAddressBody {
    /// What is to be blocked, and why.
    pub(crate) fn wish(self) -> (BlockAddress, Reason) {
        let Self { address, duration_seconds, reason } = self;
        (BlockAddress { network: address, duration: duration_seconds }, reason)
    }
}
