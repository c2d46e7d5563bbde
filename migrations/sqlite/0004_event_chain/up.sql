-- Every security event has its place in one chain; NULL for events from before the chain.
ALTER TABLE security_events ADD COLUMN sequence INTEGER CHECK (sequence > 0);
ALTER TABLE security_events ADD COLUMN digest   BLOB;
CREATE UNIQUE INDEX security_events_sequence ON security_events (sequence);
CREATE INDEX security_events_unchained ON security_events (occurred_at) WHERE sequence IS NULL;

-- Where the chain is held: by the last event that retention has forgotten, and by the latest one.
CREATE TABLE event_chain (
    name     TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    digest   BLOB NOT NULL
) STRICT;
INSERT INTO event_chain (name, sequence, digest) VALUES ('anchor', 0, zeroblob(32)), ('head', 0, zeroblob(32));

-- Operators search events, newest first, a page at a time.
DROP INDEX security_events_occurred_at;
DROP INDEX security_events_user_id;
CREATE INDEX security_events_occurred_at ON security_events (occurred_at, id);
CREATE INDEX security_events_user_id ON security_events (user_id, occurred_at, id);
CREATE INDEX security_events_kind ON security_events (kind, occurred_at, id);
CREATE INDEX security_events_ip_address ON security_events (ip_address, occurred_at, id);
