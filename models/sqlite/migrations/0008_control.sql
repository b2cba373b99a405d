-- A token is good while its password_version is not before its user's tokens_since: one write to users ends all.
ALTER TABLE users ADD COLUMN tokens_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN suspended_at INTEGER;  -- NULL: not suspended
ALTER TABLE users ADD COLUMN suspended_for TEXT NOT NULL DEFAULT '';

CREATE TABLE access_tokens (
    id               BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    user_id          BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name             TEXT    NOT NULL,
    scopes           TEXT    NOT NULL,  -- separated by spaces
    hash             BLOB    NOT NULL UNIQUE,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,  -- NULL: never
    last_used_at     INTEGER,  -- NULL: never used
    password_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX access_tokens_by_user ON access_tokens (user_id, id);

CREATE TABLE invitations (
    id         BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What admins did, in the order of time.
CREATE TABLE admin_log (
    id         BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Users whose posts and comments are still to be removed. All queries leave those out.
CREATE TABLE purged_users (
    id        BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    purged_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The posts that still have the terms of former_terms get those of today.
UPDATE posts_search
    SET words = (SELECT fold_words(title, content) FROM posts WHERE position = posts_search.rowid)
    WHERE rowid <= (SELECT last FROM former_terms);

DROP TABLE former_terms;
