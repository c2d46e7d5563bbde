-- What operators are told of: that security events come in numbers.
CREATE TABLE alerts (
    id          BLOB PRIMARY KEY,
    kind        TEXT NOT NULL,
    -- `address {network}`, `user {id}` or `service`.
    cause       TEXT NOT NULL,
    severity    TEXT NOT NULL,
    raised_at   INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    event_count INTEGER NOT NULL,
    -- No foreign key: the greater attack may be forgotten first.
    part_of     BLOB,
    details     TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_raised_at ON alerts (raised_at, id);
CREATE INDEX alerts_cause ON alerts (kind, cause, last_at, id);
CREATE INDEX alerts_last_at ON alerts (last_at);

-- Whom alerts are yet to be told to.
CREATE TABLE alert_notices (
    id              BLOB PRIMARY KEY,
    alert_id        BLOB NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    channel         TEXT NOT NULL,
    recipient       TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    -- NULL once the notice is given up.
    next_attempt_at INTEGER,
    last_error      TEXT
) STRICT;
CREATE INDEX alert_notices_next_attempt_at ON alert_notices (next_attempt_at);
CREATE INDEX alert_notices_alert_id ON alert_notices (alert_id);

-- Which clients may not try to log in for a while; a block that was lifted ended then.
CREATE TABLE blocked_addresses (
    network       TEXT PRIMARY KEY,
    blocked_since INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    alert_id      BLOB,
    reason        TEXT NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX blocked_addresses_blocked_until ON blocked_addresses (blocked_until);
CREATE INDEX blocked_addresses_changed_at ON blocked_addresses (changed_at);
