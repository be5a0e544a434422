-- What rules make of articles. A dropped article leaves a tombstone that names its rule.

ALTER TABLE articles ADD COLUMN boost {double} NOT NULL DEFAULT 1;
ALTER TABLE articles ADD COLUMN declared_title TEXT NOT NULL DEFAULT '';
ALTER TABLE tombstones ADD COLUMN rule TEXT NOT NULL DEFAULT '';
