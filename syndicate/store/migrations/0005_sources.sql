-- Sources that are added, listed, removed and private; lists of sources that are read again.

ALTER TABLE sources ADD COLUMN private BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sources ADD COLUMN access_json TEXT;
ALTER TABLE sources ADD COLUMN listed_in TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN absent TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN outline_json TEXT NOT NULL DEFAULT '[]';

CREATE TABLE source_lists (
    url TEXT NOT NULL PRIMARY KEY,
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    last_success BIGINT,
    next_check BIGINT,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
);
