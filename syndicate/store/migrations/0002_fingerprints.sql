-- What the index keeps of an article has another form: every article that has it is placed once more,
-- the oldest first, and stays in its story.

UPDATE articles SET placed = FALSE WHERE id IN (SELECT article_id FROM article_terms);
DELETE FROM article_terms;
