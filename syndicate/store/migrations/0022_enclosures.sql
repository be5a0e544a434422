-- Files that belong to an article, and when its words last changed after readers could have seen them.

ALTER TABLE articles ADD COLUMN enclosures_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE articles ADD COLUMN revised BIGINT;
