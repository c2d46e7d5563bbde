use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use archon_app::{Policy, UserSearch};
use archon_domain::{
    Email, EventFilter, EventKind, FieldError, FieldErrorCode, Instant, Severity, UserFilter, UserId,
    UserStatus,
};
use chrono::{DateTime, Utc};
use utoipa::IntoParams;

use crate::body::RequestBody;
use crate::fields::Fields;

/// How many of a list can be asked for at once, and how many come unasked.
const LIMITS: RangeInclusive<u32> = 1..=200;
const DEFAULT_LIMIT: u32 = 50;

/// Which accounts to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindUsersQuery {
    /// A user's id, or the beginning of an address, case aside. Accounts are then ordered by address, else the
    /// newest come first.
    #[param(value_type = Option<String>, min_length = 1, max_length = 254, example = "ada@")]
    query: Option<String>,
    /// `active` or `disabled`.
    #[param(value_type = Option<String>, pattern = "^(active|disabled)$", example = "active")]
    status: Option<UserStatus>,
    /// `admin`: administrators only.
    #[param(value_type = Option<String>, pattern = "^admin$", example = "admin")]
    role: Option<OnlyAdmin>,
    /// Whether the address is verified.
    #[param(value_type = Option<bool>)]
    verified: Option<bool>,
    /// `next_cursor` of the page before, with the same conditions.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<String>,
    /// Most accounts to answer with.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
}

/// That administrators are asked for.
#[derive(Debug, Clone, Copy)]
struct OnlyAdmin;

impl RequestBody for FindUsersQuery {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let query = fields.optional_text("query", search_words);
        let status = fields.optional_text("status", parsed("status", "must be active or disabled"));
        let role = fields.optional_text("role", |text| match text {
            "admin" => Ok(OnlyAdmin),
            _ => Err(FieldError::new("role", FieldErrorCode::InvalidFormat, "must be admin")),
        });
        let verified = fields.optional_text("verified", parsed("verified", "must be true or false"));
        let (cursor, limit) = place(fields);
        fields.refuse_others();
        Some(Self { query, status, role, verified, cursor, limit })
    }
}

impl FindUsersQuery {
    /// The conditions of the list.
    pub(crate) fn search(&self) -> UserSearch {
        let filter = UserFilter {
            address_prefix: None,
            status: self.status,
            administrator: self.role.map(|OnlyAdmin| true),
            verified: self.verified,
        };
        let search = UserSearch { id: None, filter };
        match &self.query {
            Some(query) => search.with_query(query),
            None => search,
        }
    }
}

/// Which security events to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindEventsQuery {
    /// Of these types, such as `login_failed`: separated by commas, or the parameter comes again.
    #[param(value_type = Option<Vec<String>>, example = json!(["login_failed", "account_locked"]))]
    r#type: Vec<EventKind>,
    /// Of this user.
    #[param(value_type = Option<String>, format = Uuid, example = "0198c0de-7d3a-7000-8000-000000000000")]
    user: Option<UserId>,
    /// From this address.
    #[param(value_type = Option<String>, example = "192.0.2.1")]
    address: Option<IpAddr>,
    /// `info`, `warning` or `critical`.
    #[param(value_type = Option<String>, pattern = "^(info|warning|critical)$", example = "critical")]
    severity: Option<Severity>,
    /// At or after this instant.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-05T10:00:00Z")]
    from: Option<Instant>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-01-06T10:00:00Z")]
    until: Option<Instant>,
    /// `next_cursor` of the page before, with the same conditions.
    #[param(value_type = Option<String>)]
    pub(crate) cursor: Option<String>,
    /// Most events to answer with.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
}

impl RequestBody for FindEventsQuery {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let kinds = fields.words("type", parsed("type", "is no type of security events"));
        let user = fields.optional_text("user", parsed("user", "must be a user's id"));
        let address = fields.optional_text("address", client_address("address"));
        let severity =
            fields.optional_text("severity", parsed("severity", "must be info, warning or critical"));
        let (from, until) = period(fields);
        let (cursor, limit) = place(fields);
        fields.refuse_others();
        Some(Self { r#type: kinds?, user, address, severity, from, until, cursor, limit })
    }
}

impl FindEventsQuery {
    /// The conditions of the list.
    pub(crate) fn filter(&self) -> EventFilter {
        let Self { r#type, user, address, severity, from, until, .. } = self;
        EventFilter {
            kinds: r#type.clone(),
            user: *user,
            address: *address,
            severity: *severity,
            from: *from,
            until: *until,
        }
    }
}

/// How many of the mails to list that were given up.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailedMailsQuery {
    /// Most mails to answer with.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: u32,
}

impl RequestBody for FailedMailsQuery {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let limit = limit(fields);
        fields.refuse_others();
        Some(Self { limit })
    }
}

/// Where a page begins, and how long it is at the most.
pub(crate) fn place(fields: &mut Fields) -> (Option<String>, u32) {
    let cursor = fields.optional_text("cursor", |text| Ok(text.to_owned()));
    (cursor, limit(fields))
}

/// How long a page is at the most.
pub(crate) fn limit(fields: &mut Fields) -> u32 {
    let limit = fields.optional_text("limit", |text| {
        let limit = text.parse().ok().filter(|limit| LIMITS.contains(limit));
        let message = "must be a number from 1 to 200";
        limit.ok_or_else(|| FieldError::new("limit", FieldErrorCode::InvalidFormat, message))
    });
    limit.unwrap_or(DEFAULT_LIMIT)
}

/// From when on and until when.
pub(crate) fn period(fields: &mut Fields) -> (Option<Instant>, Option<Instant>) {
    let from = fields.optional_text("from", instant("from"));
    let until = fields.optional_text("until", instant("until"));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        let message = "must be later than from";
        fields.keep_all::<()>(Err(vec![FieldError::new("until", FieldErrorCode::InvalidFormat, message)]));
    }
    (from, until)
}

/// An address in the form that events have it.
pub(crate) fn client_address(name: &'static str) -> impl Fn(&str) -> Result<IpAddr, FieldError> {
    let address = parsed::<IpAddr>(name, "must be an IPv4 or IPv6 address");
    move |text| address(text).map(|address| address.to_canonical())
}

/// A value that its type reads from its text, or a sentence that says what there can be.
pub(crate) fn parsed<T: FromStr>(
    name: &'static str,
    message: impl Display,
) -> impl Fn(&str) -> Result<T, FieldError> {
    let message = message.to_string();
    move |text| {
        let refused = |_| FieldError::new(name, FieldErrorCode::InvalidFormat, message.clone());
        text.parse().map_err(refused)
    }
}

fn instant(name: &'static str) -> impl Fn(&str) -> Result<Instant, FieldError> {
    move |text| match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(instant.with_timezone(&Utc)),
        Err(_) => {
            let message = "must be an instant as RFC 3339 writes it, such as 2026-01-05T10:00:00Z";
            Err(FieldError::new(name, FieldErrorCode::InvalidFormat, message))
        }
    }
}

fn search_words(text: &str) -> Result<String, FieldError> {
    let refused = |code, message: &'static str| Err(FieldError::new("query", code, message));
    let text = text.trim();
    if text.is_empty() {
        return refused(FieldErrorCode::Empty, "must not be empty");
    }
    if text.len() > Email::MAX_BYTES {
        return refused(FieldErrorCode::TooLong, "must be at most 254 bytes long");
    }
    if text.chars().any(char::is_control) {
        return refused(FieldErrorCode::InvalidCharacters, "must not hold control characters");
    }
    Ok(text.to_owned())
}
