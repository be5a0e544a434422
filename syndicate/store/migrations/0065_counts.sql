-- Counts of the operator's pages that read indexes alone: of deliveries by edition, and of polls.
CREATE INDEX deliveries_ended ON deliveries (edition_id, state, cause, changed) WHERE state IN ('sent', 'cancelled');
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (sender, not_before, id, edition_id, state)
    WHERE state IN ('pending', 'deferred');
DROP INDEX polls_trouble;
CREATE INDEX polls_trouble ON polls (at, source_id, outcome, ms) WHERE outcome = 'failed' OR ms > 10000;
CREATE INDEX polls_put_off ON polls (source_id, at) WHERE outcome = 'put_off';
