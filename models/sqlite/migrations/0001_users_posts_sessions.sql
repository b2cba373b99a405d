-- Ids are the 12 bytes of an ObjectID, times are milliseconds since 1970 in UTC.

-- WITHOUT ROWID: every post on a page looks its author up by id, in one step instead of two.
CREATE TABLE users (
    id            BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    username      TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    email         TEXT    UNIQUE COLLATE NOCASE,  -- NULL where none was given
    name          TEXT    NOT NULL,
    bio           TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A post outlives its author, so author_id references nothing.
CREATE TABLE posts (
    row_id     INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE CHECK (length(id) = 12),
    title      TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    tags       TEXT    NOT NULL,  -- separated by spaces, which no tag contains
    author_id  BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id                  BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    user_id             BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    refresh_id          TEXT    NOT NULL,
    previous_refresh_id TEXT    NOT NULL,
    rotated_at          INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    last_used_at        INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    user_agent          TEXT    NOT NULL,
    ip                  TEXT    NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
