-- Operators leaf through accounts under any filter, a page at a time. What a filter asks for puts an account on one
-- of eight rosters: 1 for a disabled one, 2 for one with the role admin, 4 for a verified address, added up. A page
-- is merged from the rosters that the filter admits, each read in order from its place on.
ALTER TABLE users
    DROP CONSTRAINT users_email_key_key,
    -- Ordered byte by byte, as SQLite does and whatever the database's locale.
    ALTER COLUMN email_key TYPE text COLLATE "C",
    ADD COLUMN roster smallint NOT NULL GENERATED ALWAYS AS (
        (status <> 'active')::integer
        + 2 * (strpos(roles::text, '"admin"') > 0)::integer
        + 4 * (email_verified_at IS NOT NULL)::integer
    ) STORED;
CREATE INDEX users_roster_created_at ON users (roster, created_at, id);
CREATE INDEX users_roster_email_key ON users (roster, email_key);
-- Finds one address and knows no order: a planner that could read a page from it would read past everybody who is
-- on other rosters.
CREATE UNIQUE INDEX users_email_key ON users (email_key text_pattern_ops);
