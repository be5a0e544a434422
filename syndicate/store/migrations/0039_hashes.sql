-- A digest is the mail; columns that hold a hash are named for what was hashed.
ALTER TABLE articles RENAME COLUMN digest TO item_hash;
ALTER TABLE tombstones RENAME COLUMN digest TO item_hash;
ALTER TABLE sources RENAME COLUMN frame TO feed_skeleton_hash;
ALTER TABLE page_reads RENAME COLUMN digest TO content_hash;
ALTER TABLE announcements RENAME COLUMN digest TO document_hash;
ALTER TABLE sign_ups RENAME COLUMN token_digest TO token_hash;
ALTER TABLE robots RENAME COLUMN rests_until TO next_page_at;
-- An entry waiting for its page is stored with the names of its fields. Inside a text the quotes are escaped.
UPDATE page_reads SET entry_json = REPLACE(entry_json, '"digest":', '"item_hash":') WHERE entry_json IS NOT NULL;
