-- Tags and sections are one for all their spellings; lists, feeds and archives of channels know what changed.
-- ``store/rekeying.py`` fills the new forms in the same transaction.

ALTER TABLE articles ADD COLUMN section_key TEXT NOT NULL DEFAULT '';
DROP INDEX articles_section;
CREATE INDEX articles_section ON articles (section_key, published DESC, id DESC);

CREATE TABLE stale_lists (
    name TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
);

CREATE TABLE pruned_tags (
    tag TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE channel_archives (
    channel TEXT NOT NULL,
    number INTEGER NOT NULL,
    last_id BIGINT NOT NULL,
    PRIMARY KEY (channel, number)
);
