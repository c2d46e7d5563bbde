-- The first schema. Its twin is migrations/postgres/0001_initial; both answer to crates/store-sql/src/schema.rs.
-- Identifiers are 16-byte blobs, instants are microseconds since 1970, JSON is text that an operator can read.

CREATE TABLE users (
    id                   BLOB PRIMARY KEY,
    email                TEXT NOT NULL,
    -- The address lower-cased by Unicode's rules, while lower() knows ASCII only.
    email_key            TEXT NOT NULL UNIQUE,
    name                 TEXT NOT NULL,
    password_hash        TEXT,
    email_verified_at    INTEGER,
    roles                TEXT NOT NULL,
    status               TEXT NOT NULL,
    metadata             TEXT NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    last_login_at        INTEGER,
    attempts_void_before INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_lower_email ON users (lower(email));

CREATE TABLE oauth_identities (
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (provider, subject)
) STRICT;
CREATE INDEX oauth_identities_user_id ON oauth_identities (user_id);

CREATE TABLE password_history (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    TEXT NOT NULL
) STRICT;
CREATE INDEX password_history_user_id ON password_history (user_id);

CREATE TABLE known_networks (
    user_id       BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network       TEXT NOT NULL,
    last_login_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, network)
) STRICT;

CREATE TABLE sessions (
    id                  TEXT PRIMARY KEY,
    user_id             BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at          INTEGER NOT NULL,
    last_accessed       INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    remembered          INTEGER NOT NULL,
    ip_address          TEXT NOT NULL,
    user_agent          TEXT NOT NULL,
    fingerprint         TEXT NOT NULL,
    refresh_current     BLOB NOT NULL,
    chain_began         INTEGER NOT NULL,
    -- The last rotation: all four or none.
    refresh_predecessor BLOB,
    rotated_at          INTEGER,
    rotated_by          TEXT,
    sealed_successor    BLOB,
    -- How the session was ended: both or none.
    ended_at            INTEGER,
    ended_reason        TEXT
) STRICT;
CREATE INDEX sessions_user_id ON sessions (user_id);

CREATE TABLE token_blacklist (
    jti        BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    reason     TEXT NOT NULL
) STRICT;
CREATE INDEX token_blacklist_expires_at ON token_blacklist (expires_at);

CREATE TABLE one_time_tokens (
    digest     BLOB PRIMARY KEY,
    user_id    BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX one_time_tokens_user_id ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_expires_at ON one_time_tokens (expires_at);

CREATE TABLE mail_outbox (
    id              BLOB PRIMARY KEY,
    user_id         BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    recipient       TEXT NOT NULL,
    name            TEXT NOT NULL,
    locale          TEXT,
    message         TEXT NOT NULL,
    queued_at       INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    -- NULL once the mail is given up.
    next_attempt_at INTEGER,
    last_error      TEXT
) STRICT;
CREATE INDEX mail_outbox_next_attempt_at ON mail_outbox (next_attempt_at);
CREATE INDEX mail_outbox_user_id ON mail_outbox (user_id);

-- No foreign key: events outlive the accounts they tell of.
CREATE TABLE security_events (
    id          BLOB PRIMARY KEY,
    occurred_at INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    severity    TEXT NOT NULL,
    user_id     BLOB,
    session_id  TEXT,
    ip_address  TEXT,
    user_agent  TEXT,
    request_id  TEXT,
    details     TEXT NOT NULL
) STRICT;
CREATE INDEX security_events_user_id ON security_events (user_id, occurred_at);
CREATE INDEX security_events_occurred_at ON security_events (occurred_at);

CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    algorithm   TEXT NOT NULL,
    private_pem TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    signs_from  INTEGER NOT NULL
) STRICT;
