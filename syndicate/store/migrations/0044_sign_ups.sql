-- Further newsletters of a request, separated by spaces; `newsletter` is the first.
ALTER TABLE sign_ups ADD COLUMN more_newsletters TEXT NOT NULL DEFAULT '';
DROP INDEX sign_ups_newsletter;
CREATE INDEX sign_ups_requested ON sign_ups (requested);
