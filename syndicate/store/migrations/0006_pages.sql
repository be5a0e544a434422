-- Sitemaps, plain pages and full text: how a source is read, which pages wait, what robots.txt said.

ALTER TABLE sources ADD COLUMN full_text TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE sources ADD COLUMN select_json TEXT;

CREATE TABLE sitemap_parts (
    id {id},
    source_id BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    changed BIGINT,
    last_success BIGINT,
    next_check BIGINT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX sitemap_parts_identity ON sitemap_parts (source_id, url);

CREATE TABLE page_reads (
    id {id},
    source_id BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    article_id BIGINT REFERENCES articles (id) ON DELETE CASCADE,
    entry_json TEXT,
    digest TEXT NOT NULL,
    published BIGINT NOT NULL,
    state TEXT NOT NULL,
    has_text BOOLEAN NOT NULL DEFAULT FALSE,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    next_try BIGINT NOT NULL,
    last_try BIGINT,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX page_reads_identity ON page_reads (source_id, url);
CREATE INDEX page_reads_waiting ON page_reads (next_try) WHERE state = 'waiting';
CREATE INDEX page_reads_article ON page_reads (article_id) WHERE article_id IS NOT NULL;

CREATE TABLE robots (
    origin TEXT NOT NULL PRIMARY KEY,
    status INTEGER NOT NULL,
    rules TEXT NOT NULL,
    expires BIGINT NOT NULL,
    rests_until BIGINT NOT NULL DEFAULT 0
);
