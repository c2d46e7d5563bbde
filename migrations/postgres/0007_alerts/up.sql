-- What operators are told of: that security events come in numbers.
CREATE TABLE alerts (
    id          uuid        PRIMARY KEY,
    kind        text        NOT NULL,
    -- `address {network}`, `user {id}` or `service`.
    cause       text        NOT NULL,
    severity    text        NOT NULL,
    raised_at   timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    event_count bigint      NOT NULL,
    -- No foreign key: the greater attack may be forgotten first.
    part_of     uuid,
    details     json        NOT NULL
);
CREATE INDEX alerts_raised_at ON alerts (raised_at, id);
CREATE INDEX alerts_cause ON alerts (kind, cause, last_at, id);
CREATE INDEX alerts_last_at ON alerts (last_at);

-- Whom alerts are yet to be told to.
CREATE TABLE alert_notices (
    id              uuid    PRIMARY KEY,
    alert_id        uuid    NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    channel         text    NOT NULL,
    recipient       text    NOT NULL,
    attempts        integer NOT NULL,
    -- NULL once the notice is given up.
    next_attempt_at timestamptz,
    last_error      text
);
CREATE INDEX alert_notices_next_attempt_at ON alert_notices (next_attempt_at);
CREATE INDEX alert_notices_alert_id ON alert_notices (alert_id);

-- Which clients may not try to log in for a while; a block that was lifted ended then.
CREATE TABLE blocked_addresses (
    network       text        PRIMARY KEY,
    blocked_since timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL,
    alert_id      uuid,
    reason        text        NOT NULL,
    changed_at    timestamptz NOT NULL
);
CREATE INDEX blocked_addresses_blocked_until ON blocked_addresses (blocked_until);
CREATE INDEX blocked_addresses_changed_at ON blocked_addresses (changed_at);
