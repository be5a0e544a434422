-- The address that a source of config.toml has moved to for good, what is done with text that its pages mark as
-- not free, and how long the last pause was that an origin's 429 brought its other sources, in seconds.

ALTER TABLE sources ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN paywall TEXT NOT NULL DEFAULT 'respect';
ALTER TABLE robots ADD COLUMN busy_pause DOUBLE PRECISION NOT NULL DEFAULT 0;
