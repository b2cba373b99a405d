-- Two posts may have ids with the same first 63 bits: the ObjectIDs that one process of another program makes within a
-- second. Then the one with the greater id stands at a later position, which this table holds. The row stays when the
-- post is deleted, so that a page after that post begins where it began before.
CREATE TABLE moved_posts (
    id       BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 12),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Has one row while this file is an unfinished copy: the address of the store that is copied.
CREATE TABLE copy_source (
    address TEXT NOT NULL
) STRICT;
