-- Each finished poll, kept for [retention] polls.
CREATE TABLE polls (
    id {id},
    source_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    new INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX polls_source ON polls (source_id, at);
-- Finds slow and failing sources without the healthy polls.
CREATE INDEX polls_trouble ON polls (at, source_id) WHERE outcome = 'failed' OR ms > 10000;
-- Last answer of each source: header lines, and the beginning of its body, gzipped.
CREATE TABLE last_answers (
    source_id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    headers TEXT NOT NULL,
    body {blob} NOT NULL
);
