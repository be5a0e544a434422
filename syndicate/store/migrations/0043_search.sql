-- The words of articles move into a full-text index, which each engine has in its own form (store/search/word_index.py).
-- Articles stored earlier are indexed in batches from the newest to the oldest; the value is the id before which
-- they still wait.
INSERT INTO meta (key, value) SELECT 'words before', CAST(MAX(id) + 1 AS TEXT) FROM articles HAVING COUNT(*) > 0;
