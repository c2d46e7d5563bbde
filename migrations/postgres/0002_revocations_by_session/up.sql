-- A session is loaded into the fast store together with its revoked tokens; NULL for rows put in by hand.
ALTER TABLE token_blacklist ADD COLUMN session_id text;
CREATE INDEX token_blacklist_session_id ON token_blacklist (session_id);
-- Replicas ask for the sessions that ended lately.
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
