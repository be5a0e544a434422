-- What rules make of articles: a dropped one leaves a tombstone that names its rule. And what stands around
-- the items of a feed, to tell without parsing that nothing is new.

ALTER TABLE articles ADD COLUMN boost {double} NOT NULL DEFAULT 1;
ALTER TABLE articles ADD COLUMN declared_title TEXT NOT NULL DEFAULT '';
ALTER TABLE tombstones ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN frame TEXT NOT NULL DEFAULT '';
