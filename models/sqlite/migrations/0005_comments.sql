-- post is the position of the post. The table is in the order in which a post's comments are listed.
CREATE TABLE comments (
    post             INTEGER NOT NULL,
    id               BLOB    NOT NULL CHECK (length(id) = 12),
    content          TEXT    NOT NULL,
    author_id        BLOB    NOT NULL,  -- a comment outlives its author, so it references nothing
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    idempotency_key  TEXT,
    idempotency_hash BLOB,
    PRIMARY KEY (post, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX comments_by_id ON comments (id);
CREATE INDEX comments_by_author ON comments (author_id, id);
CREATE UNIQUE INDEX comments_by_idempotency_key ON comments (author_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- The positions of deleted posts whose comments are still to be removed. All queries for comments leave those out.
CREATE TABLE deleted_posts (position INTEGER PRIMARY KEY) STRICT;

CREATE TRIGGER posts_deleted_with_comments AFTER DELETE ON posts
WHEN EXISTS (SELECT 1 FROM comments WHERE post = old.position) BEGIN
    INSERT OR IGNORE INTO deleted_posts (position) VALUES (old.position);
END;
