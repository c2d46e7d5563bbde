//! The tables as queries see them; `schema_tests.rs` holds both migration trees against this.

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Accounts.
    users (id) {
        id -> Id,
        email -> Text,
        email_key -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        email_verified_at -> Nullable<Ts>,
        roles -> Json,
        status -> Text,
        metadata -> Json,
        created_at -> Ts,
        updated_at -> Ts,
        last_login_at -> Nullable<Ts>,
        attempts_void_before -> Ts,
        roster -> SmallInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Who a user is to a provider.
    oauth_identities (provider, subject) {
        provider -> Text,
        subject -> Text,
        user_id -> Id,
        email -> Nullable<Text>,
        created_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::Id;

    /// The latest password hashes of each user, the present one included; ids rise with time.
    password_history (id) {
        id -> BigInt,
        user_id -> Id,
        hash -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// From where each user has logged in, and when last.
    known_networks (user_id, network) {
        user_id -> Id,
        network -> Text,
        last_login_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Sessions, live and past.
    sessions (id) {
        id -> Text,
        user_id -> Id,
        created_at -> Ts,
        last_accessed -> Ts,
        expires_at -> Ts,
        absolute_expires_at -> Ts,
        remembered -> Bool,
        ip_address -> Text,
        user_agent -> Text,
        fingerprint -> Text,
        refresh_current -> Id,
        chain_began -> Ts,
        refresh_predecessor -> Nullable<Id>,
        rotated_at -> Nullable<Ts>,
        rotated_by -> Nullable<Text>,
        sealed_successor -> Nullable<Binary>,
        ended_at -> Nullable<Ts>,
        ended_reason -> Nullable<Text>,
        trace -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Tokens that are refused although they have not expired.
    token_blacklist (jti) {
        jti -> Id,
        expires_at -> Ts,
        reason -> Text,
        session_id -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Digests of the tokens that mails carry; a spent one is gone.
    one_time_tokens (digest) {
        digest -> Binary,
        user_id -> Id,
        purpose -> Text,
        issued_at -> Ts,
        expires_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Mails to be sent, and those that were given up.
    mail_outbox (id) {
        id -> Id,
        user_id -> Id,
        recipient -> Text,
        name -> Text,
        locale -> Nullable<Text>,
        message -> Json,
        queued_at -> Ts,
        attempts -> Integer,
        next_attempt_at -> Nullable<Ts>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// What happened.
    security_events (id) {
        id -> Id,
        occurred_at -> Ts,
        kind -> Text,
        severity -> Text,
        user_id -> Nullable<Id>,
        session_id -> Nullable<Text>,
        ip_address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
        details -> Json,
        sequence -> Nullable<BigInt>,
        digest -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    /// By what the chain of events is held: `anchor` and `head`.
    event_chain (name) {
        name -> Text,
        sequence -> BigInt,
        digest -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// What operators are told of.
    alerts (id) {
        id -> Id,
        kind -> Text,
        cause -> Text,
        severity -> Text,
        raised_at -> Ts,
        last_at -> Ts,
        event_count -> BigInt,
        part_of -> Nullable<Id>,
        details -> Json,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Whom alerts are yet to be told to, and the notices that were given up.
    alert_notices (id) {
        id -> Id,
        alert_id -> Id,
        channel -> Text,
        recipient -> Text,
        attempts -> Integer,
        next_attempt_at -> Nullable<Ts>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::{Id, Ts};

    /// Which clients may not try to log in for a while.
    blocked_addresses (network) {
        network -> Text,
        blocked_since -> Ts,
        blocked_until -> Ts,
        alert_id -> Nullable<Id>,
        reason -> Text,
        changed_at -> Ts,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::types::sql::Ts;

    /// Key pairs that sign tokens.
    signing_keys (id) {
        id -> Text,
        algorithm -> Text,
        private_pem -> Text,
        created_at -> Ts,
        signs_from -> Ts,
    }
}
