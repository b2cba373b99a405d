-- Ids are the 12 bytes of an ObjectID, times are milliseconds since 1970 in UTC.

-- WITHOUT ROWID: every post on a page looks its author up by id, in one step instead of two.
CREATE TABLE users (
    id               BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    username         TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    email            TEXT    UNIQUE COLLATE NOCASE,  -- NULL where none was given
    name             TEXT    NOT NULL,
    bio              TEXT    NOT NULL,
    role             TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
    password_hash    TEXT    NOT NULL,
    password_version INTEGER NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A session lives while its password_version is its user's: one write to users ends all the sessions that an old password
-- opened, and no login that crosses it opens another.
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
    ip                  TEXT    NOT NULL,
    password_version    INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- position is the first 63 bits of the id. It sorts as the id does, so the table itself is in the order of the list, every
-- index ends in it, and the search, which knows rows by integers only, comes in the same order.
-- A post outlives its author, so author_id references nothing.
CREATE TABLE posts (
    position         INTEGER PRIMARY KEY,
    id               BLOB    NOT NULL CHECK (length(id) = 12),
    title            TEXT    NOT NULL,
    content          TEXT    NOT NULL,
    tags             TEXT    NOT NULL,  -- separated by spaces, which no tag contains
    author_id        BLOB    NOT NULL,
    version          INTEGER NOT NULL,  -- counts changes
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    idempotency_key  TEXT,
    idempotency_hash BLOB
) STRICT;

CREATE INDEX posts_by_author ON posts (author_id);
CREATE UNIQUE INDEX posts_by_idempotency_key ON posts (author_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE post_tags (
    tag       TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    author_id BLOB    NOT NULL,  -- the post's, so that tag and author together have an index
    PRIMARY KEY (tag, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX post_tags_by_author ON post_tags (author_id, tag, position);

-- Words as they are written, but for case: é is not e. Marks are parts of words, as they are in many scripts.
CREATE VIRTUAL TABLE posts_search USING fts5 (
    title, content, content = 'posts', content_rowid = 'position', tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);

-- Tags and search follow the posts by triggers, in the same transaction, so that no crash can part them.
CREATE TRIGGER posts_inserted AFTER INSERT ON posts BEGIN
    INSERT INTO posts_search (rowid, title, content) VALUES (new.position, new.title, new.content);
    INSERT INTO post_tags (tag, position, author_id)
        SELECT value, new.position, new.author_id FROM json_each('["' || replace(new.tags, ' ', '","') || '"]') WHERE new.tags <> '';
END;

CREATE TRIGGER posts_deleted AFTER DELETE ON posts BEGIN
    INSERT INTO posts_search (posts_search, rowid, title, content) VALUES ('delete', old.position, old.title, old.content);
    DELETE FROM post_tags
        WHERE position = old.position AND tag IN (SELECT value FROM json_each('["' || replace(old.tags, ' ', '","') || '"]'));
END;

CREATE TRIGGER posts_text_updated AFTER UPDATE OF title, content ON posts BEGIN
    INSERT INTO posts_search (posts_search, rowid, title, content) VALUES ('delete', old.position, old.title, old.content);
    INSERT INTO posts_search (rowid, title, content) VALUES (new.position, new.title, new.content);
END;

CREATE TRIGGER posts_tags_updated AFTER UPDATE OF tags ON posts BEGIN
    DELETE FROM post_tags
        WHERE position = old.position AND tag IN (SELECT value FROM json_each('["' || replace(old.tags, ' ', '","') || '"]'));
    INSERT INTO post_tags (tag, position, author_id)
        SELECT value, new.position, new.author_id FROM json_each('["' || replace(new.tags, ' ', '","') || '"]') WHERE new.tags <> '';
END;
