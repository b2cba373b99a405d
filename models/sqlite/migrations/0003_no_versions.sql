-- Whether a post changed is told by its contents, so nothing needs to count the changes.
ALTER TABLE posts DROP COLUMN version;
