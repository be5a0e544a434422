-- Each reader's private feed: its address holds this number, so a new number ends the old address.
-- And which story an editor's change was about, so that it holds for every form of the edition.

ALTER TABLE subscribers ADD COLUMN feed_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE edition_changes ADD COLUMN story_id BIGINT;
