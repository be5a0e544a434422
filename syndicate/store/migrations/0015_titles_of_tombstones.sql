-- A hash of the title of an article that was pruned: an archive may come back with other ids and dates.

ALTER TABLE tombstones ADD COLUMN title_hash TEXT NOT NULL DEFAULT '';
