-- Until when a message may go, when it was first tried, and whether a reader's pause stops it.

ALTER TABLE deliveries ADD COLUMN not_after BIGINT;
ALTER TABLE deliveries ADD COLUMN first_attempt BIGINT;
ALTER TABLE deliveries ADD COLUMN despite_pause BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE deliveries SET despite_pause = TRUE WHERE requires <> 'confirmed';
