-- The last run of each stage; recent_json has a list for each of the last hours: hour, runs, longest run in
-- milliseconds, and counts of runs by duration.
CREATE TABLE stage_runs (
    stage TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    ms BIGINT NOT NULL,
    problem TEXT NOT NULL,
    facts_json TEXT NOT NULL,
    success BIGINT,
    recent_json TEXT NOT NULL
);
-- Totals for the metrics, which rise when rows are pruned, too.
CREATE TABLE totals (
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (name, label)
);
CREATE INDEX editions_open ON editions (approve_by) WHERE state IN ('waiting', 'held');
-- For the counts by hour and source, and by day and event, of the overview.
DROP INDEX articles_first_seen;
CREATE INDEX articles_first_seen ON articles (first_seen, source_id);
CREATE INDEX consents_recorded ON consents (recorded, event);
