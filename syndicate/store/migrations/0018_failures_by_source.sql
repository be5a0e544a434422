-- Feeds of one publisher list the same items: what fails in one source says nothing about another's.

CREATE TABLE failures (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    source_id BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    first_failed BIGINT NOT NULL,
    last_failed BIGINT NOT NULL,
    PRIMARY KEY (kind, subject, source_id)
);
INSERT INTO failures
    SELECT kind, subject, COALESCE(source_id, 0), attempts, reason, first_failed, last_failed FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE failures RENAME TO quarantine;
