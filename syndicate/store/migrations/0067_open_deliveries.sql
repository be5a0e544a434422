-- Counts of the operator's pages that read indexes alone: of open and troubled deliveries by edition, of stories, polls.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (sender, not_before, id) WHERE state IN ('pending', 'deferred');
-- Not by state first: SQLite would read all open deliveries to change a few by their ids.
CREATE INDEX deliveries_open ON deliveries (edition_id, state) WHERE state IN ('pending', 'deferred');
-- Newer than deliveries_due: of two indexes with equal keys, SQLite takes the newest that fits.
DROP INDEX deliveries_confirmations;
CREATE INDEX deliveries_confirmations ON deliveries (sender, not_before, id)
    WHERE state IN ('pending', 'deferred') AND requires != 'confirmed';
DROP INDEX deliveries_trouble;
CREATE INDEX deliveries_trouble ON deliveries (state, edition_id, cause, changed, subscription_id)
    WHERE state IN ('failed', 'uncertain');
DROP INDEX stories_updated;
CREATE INDEX stories_updated ON stories (updated, coverage);
DROP INDEX polls_put_off;
DROP INDEX polls_source;
CREATE INDEX polls_source ON polls (source_id, at, outcome);
