-- Until when a server asked us to leave it alone (Retry-After): for feeds as for pages.

ALTER TABLE robots ADD COLUMN busy_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX robots_busy ON robots (busy_until);
