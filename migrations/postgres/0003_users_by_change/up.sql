-- Replicas ask for the accounts that changed lately.
CREATE INDEX users_updated_at ON users (updated_at);
CREATE INDEX users_last_login_at ON users (last_login_at);
