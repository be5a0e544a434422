-- An article without a date was stored as published when it was first seen. Its "published" is now a sort
-- key: the first sight moved back by 36 525 days, behind all dates. Its page and feeds say "date unknown".

INSERT INTO stale_pages (article_id, version)
    SELECT id, 1 FROM articles WHERE published = first_seen AND story_id IS NOT NULL
    ON CONFLICT (article_id) DO UPDATE SET version = stale_pages.version + 1;
UPDATE articles SET published = published - 3155760000000000 WHERE published = first_seen;

-- Seconds between two polls of a source, where its declaration says so.
ALTER TABLE sources ADD COLUMN poll_interval {double};
