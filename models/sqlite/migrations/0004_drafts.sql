-- Drafts are no posts, so they have a table of their own: whoever reads posts cannot meet one.
CREATE TABLE drafts (
    id         BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    author_id  BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title      TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    tags       TEXT    NOT NULL,  -- separated by spaces, which no tag contains
    publish_at INTEGER,           -- NULL for never
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (publish_at IS NULL OR content <> '')  -- a post has content
) STRICT;

CREATE INDEX drafts_by_author ON drafts (author_id, id);
CREATE INDEX drafts_by_publish_at ON drafts (publish_at) WHERE publish_at IS NOT NULL;
