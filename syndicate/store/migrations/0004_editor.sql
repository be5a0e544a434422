ALTER TABLE articles ADD COLUMN headline TEXT NOT NULL DEFAULT '';

CREATE TABLE editor_log (
    id {id},
    recorded BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    article_uid TEXT NOT NULL,
    value TEXT NOT NULL,
    expires BIGINT,
    undoes BIGINT
);
CREATE INDEX editor_log_article ON editor_log (article_uid);

CREATE TABLE source_weights (
    source_id BIGINT NOT NULL PRIMARY KEY REFERENCES sources (id),
    weight {double} NOT NULL,
    prominence {double} NOT NULL,
    articles INTEGER NOT NULL,
    learned BIGINT NOT NULL
);

CREATE TABLE reads (
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    hour BIGINT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (article_id, hour)
);
CREATE INDEX reads_hour ON reads (hour);
