-- Each language once, and its newest articles, without reading every article.
CREATE INDEX articles_language ON articles (language, published DESC, id DESC);
-- The items of a document, looked up among those that were pruned or dropped.
CREATE INDEX tombstones_item ON tombstones (source_id, item_hash);
-- Retention.
CREATE INDEX tombstones_pruned ON tombstones (pruned);
CREATE INDEX page_reads_unused ON page_reads (last_try) WHERE article_id IS NULL;
CREATE INDEX story_moves_moved ON story_moves (moved);
-- A prune that was killed left these behind; from now on a story goes with its last article.
DELETE FROM stories WHERE NOT EXISTS (SELECT 1 FROM articles WHERE articles.story_id = stories.id);
