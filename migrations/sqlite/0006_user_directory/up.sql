-- Operators leaf through accounts under any filter, a page at a time. What a filter asks for puts an account on one
-- of eight rosters: 1 for a disabled one, 2 for one with the role admin, 4 for a verified address, added up. A page
-- is merged from the rosters that the filter admits, each read in order from its place on.
ALTER TABLE users ADD COLUMN roster INTEGER NOT NULL GENERATED ALWAYS AS (
    (status <> 'active') + 2 * (instr(roles, '"admin"') > 0) + 4 * (email_verified_at IS NOT NULL)
) VIRTUAL;
CREATE INDEX users_roster_created_at ON users (roster, created_at, id);
CREATE INDEX users_roster_email_key ON users (roster, email_key);
