-- The search indexes the words that fold_words (models.FoldWords) finds. They are in one case and separated by spaces, and
-- this tokenizer splits at nothing else. The table holds no text and no positions, only which post has which word.
DROP TRIGGER posts_inserted;
DROP TRIGGER posts_deleted;
DROP TRIGGER posts_text_updated;
DROP TABLE posts_search;

CREATE VIRTUAL TABLE posts_search USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = "ascii tokenchars '_'"
);

INSERT INTO posts_search (rowid, words) SELECT position, fold_words(title, content) FROM posts;

CREATE TRIGGER posts_inserted AFTER INSERT ON posts BEGIN
    INSERT INTO posts_search (rowid, words) VALUES (new.position, fold_words(new.title, new.content));
    INSERT INTO post_tags (tag, position, author_id)
        SELECT value, new.position, new.author_id FROM json_each('["' || replace(new.tags, ' ', '","') || '"]') WHERE new.tags <> '';
END;

CREATE TRIGGER posts_deleted AFTER DELETE ON posts BEGIN
    DELETE FROM posts_search WHERE rowid = old.position;
    DELETE FROM post_tags
        WHERE position = old.position AND tag IN (SELECT value FROM json_each('["' || replace(old.tags, ' ', '","') || '"]'));
END;

CREATE TRIGGER posts_text_updated AFTER UPDATE OF title, content ON posts BEGIN
    UPDATE posts_search SET words = fold_words(new.title, new.content) WHERE rowid = new.position;
END;
