-- Everybody is a member of exactly one organisation; what it pays for, its plan, is what the edge limits it by.
CREATE TABLE organizations (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    plan       TEXT NOT NULL CHECK (plan IN ('free', 'pro')),
    created_at TEXT NOT NULL
) STRICT;

-- A table beside `users` and not a column in it: SQLite can add a column that refers to another table only if it may be
-- empty, and making `users` anew would delete every task on the way.
CREATE TABLE memberships (
    user_id         TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id)
) STRICT;

CREATE INDEX memberships_by_organization ON memberships (organization_id);

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin'));

-- Whoever is there already gets an organisation of their own, as whoever registers does. It has the user's id, which
-- nobody can guess, and nobody else has.
INSERT INTO organizations (id, name, plan, created_at) SELECT id, username, 'free', created_at FROM users;
INSERT INTO memberships (user_id, organization_id) SELECT id, id FROM users;
