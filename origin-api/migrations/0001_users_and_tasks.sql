-- Times are RFC 3339 UTC text. Usernames are compared without regard to ASCII case, so that nobody can register as
-- "Alice" beside "alice".
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL COLLATE NOCASE UNIQUE,
    password_hash TEXT NOT NULL,
    created_at    TEXT NOT NULL
) STRICT;

-- AUTOINCREMENT, because a deleted task's id must never come back as somebody else's task.
CREATE TABLE tasks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title       TEXT    NOT NULL,
    description TEXT    NOT NULL,
    done        INTEGER NOT NULL CHECK (done IN (0, 1)),
    created_at  TEXT    NOT NULL,
    updated_at  TEXT    NOT NULL
) STRICT;

-- An index ends in the row's id, so this one also yields a user's tasks newest first without sorting.
CREATE INDEX tasks_by_user ON tasks (user_id);
