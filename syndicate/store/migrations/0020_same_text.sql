-- Articles with one text share a label; none is the original of another.
-- Pairs that were well formed keep together. What was not (copies of copies, copies of each other, copies in
-- another story, other titles of one source) stands for itself. The articles of the last eight days wait for
-- their place once more, by the rules of this version; eight days are 691 200 000 000 microseconds.

ALTER TABLE articles ADD COLUMN same_text BIGINT;
UPDATE articles SET same_text = id WHERE story_id IS NOT NULL;
UPDATE articles SET same_text = duplicate_of WHERE duplicate_of IS NOT NULL AND EXISTS (
    SELECT 1 FROM articles AS original WHERE original.id = articles.duplicate_of
        AND original.duplicate_of IS NULL AND original.story_id = articles.story_id
        AND (original.source_id <> articles.source_id OR original.title = articles.title)
);
UPDATE articles SET placed = FALSE WHERE story_id IS NOT NULL
    AND published > (SELECT MAX(published) FROM articles) - 691200000000;
DROP INDEX articles_copies;
ALTER TABLE articles DROP COLUMN duplicate_of;
CREATE INDEX articles_same_text ON articles (same_text, published, id);
DELETE FROM stories WHERE NOT EXISTS (SELECT 1 FROM articles WHERE articles.story_id = stories.id);
