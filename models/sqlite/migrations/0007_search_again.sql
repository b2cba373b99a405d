-- fold_words (models.SearchTerms) returns other terms than it did. Those of the posts up to this position are still the
-- former ones: Store.Derive replaces them, the newest first. No row: all are replaced.
CREATE TABLE former_terms (
    last INTEGER NOT NULL
) STRICT;

INSERT INTO former_terms (last) SELECT position FROM posts ORDER BY position DESC LIMIT 1;
