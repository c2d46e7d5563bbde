-- What the requests of a session have shown, to judge the next one by; NULL for sessions from before that.
ALTER TABLE sessions ADD COLUMN trace TEXT;
