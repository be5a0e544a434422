-- Portable SQL for SQLite and PostgreSQL. {id}, {blob} and {double} are the three types the engines
-- spell differently. Moments are microseconds since 1970 in UTC; *_json columns hold JSON text.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE sources (
    id {id},
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    section TEXT NOT NULL,
    language TEXT NOT NULL,
    own BOOLEAN NOT NULL,
    weight {double} NOT NULL,
    republish TEXT NOT NULL,
    origin TEXT NOT NULL,
    paused BOOLEAN NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    home_url TEXT NOT NULL DEFAULT '',
    feed_id TEXT NOT NULL DEFAULT '',
    created BIGINT NOT NULL,
    etag TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    body_hash TEXT NOT NULL DEFAULT '',
    last_attempt BIGINT,
    last_success BIGINT,
    next_check BIGINT,
    failures INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    warning TEXT NOT NULL DEFAULT '',
    gone BOOLEAN NOT NULL DEFAULT FALSE,
    permanent_url TEXT NOT NULL DEFAULT '',
    permanent_seen INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE articles (
    id {id},
    uid TEXT NOT NULL UNIQUE,
    source_id BIGINT NOT NULL REFERENCES sources (id),
    entry_key TEXT NOT NULL,
    url TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    authors_json TEXT NOT NULL,
    published BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    language TEXT NOT NULL,
    direction TEXT NOT NULL,
    section TEXT NOT NULL,
    tags_json TEXT NOT NULL,
    summary TEXT NOT NULL,
    image_json TEXT,
    minutes INTEGER NOT NULL,
    words INTEGER NOT NULL,
    read_more_json TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    digest TEXT NOT NULL,
    search TEXT NOT NULL,
    story_id BIGINT,
    duplicate_of BIGINT,
    placed BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX articles_identity ON articles (source_id, entry_key);
CREATE INDEX articles_digest ON articles (source_id, digest);
CREATE INDEX articles_source_url ON articles (source_id, url);
CREATE INDEX articles_published ON articles (published DESC, id DESC);
CREATE INDEX articles_section ON articles (section, published DESC, id DESC);
CREATE INDEX articles_source_published ON articles (source_id, published DESC, id DESC);
CREATE INDEX articles_title ON articles (title);
CREATE INDEX articles_story ON articles (story_id);
CREATE INDEX articles_to_place ON articles (published, id) WHERE NOT placed;
CREATE INDEX articles_copies ON articles (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX articles_first_seen ON articles (first_seen);

CREATE TABLE article_bodies (
    article_id BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    html TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE TABLE article_tags (
    tag TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, article_id)
);
CREATE INDEX article_tags_article ON article_tags (article_id);

CREATE TABLE article_terms (
    article_id BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    terms {blob} NOT NULL
);

CREATE TABLE tombstones (
    source_id BIGINT NOT NULL REFERENCES sources (id),
    entry_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    pruned BIGINT NOT NULL,
    PRIMARY KEY (source_id, entry_key)
);

CREATE TABLE stories (
    id {id},
    lead_id BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    articles INTEGER NOT NULL,
    coverage INTEGER NOT NULL
);
CREATE INDEX stories_updated ON stories (updated);

CREATE TABLE related (
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    related_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    score {double} NOT NULL,
    parts_json TEXT NOT NULL,
    PRIMARY KEY (article_id, position)
);
CREATE INDEX related_back ON related (related_id);

CREATE TABLE ranked (
    list TEXT NOT NULL,
    position INTEGER NOT NULL,
    story_id BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    score {double} NOT NULL,
    coverage INTEGER NOT NULL,
    parts_json TEXT NOT NULL,
    PRIMARY KEY (list, position)
);

CREATE TABLE stale_pages (
    article_id BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    version INTEGER NOT NULL
);

CREATE TABLE outputs (
    name TEXT NOT NULL PRIMARY KEY,
    signature TEXT NOT NULL,
    built BIGINT NOT NULL
);

CREATE TABLE quarantine (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    source_id BIGINT,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    first_failed BIGINT NOT NULL,
    last_failed BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

CREATE TABLE newsletters (
    name TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    origin TEXT NOT NULL,
    paused BOOLEAN NOT NULL,
    known_since BIGINT NOT NULL
);

CREATE TABLE editions (
    id {id},
    newsletter TEXT NOT NULL REFERENCES newsletters (name),
    cadence TEXT NOT NULL,
    period_start BIGINT NOT NULL,
    period_end BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    cut_at BIGINT NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NOT NULL,
    text TEXT NOT NULL,
    stories INTEGER NOT NULL,
    UNIQUE (newsletter, cadence, period_end, revision)
);

CREATE TABLE edition_stories (
    edition_id BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    story_id BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    follow_up BOOLEAN NOT NULL,
    coverage INTEGER NOT NULL,
    score {double} NOT NULL,
    parts_json TEXT NOT NULL,
    PRIMARY KEY (edition_id, position)
);

CREATE TABLE subscribers (
    id {id},
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    id {id},
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    newsletter TEXT NOT NULL REFERENCES newsletters (name),
    state TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    UNIQUE (subscriber_id, newsletter)
);
CREATE INDEX subscriptions_newsletter ON subscriptions (newsletter, state);

CREATE TABLE consents (
    id {id},
    address_key TEXT NOT NULL,
    newsletter TEXT NOT NULL,
    event TEXT NOT NULL,
    detail TEXT NOT NULL,
    recorded BIGINT NOT NULL
);
CREATE INDEX consents_address ON consents (address_key);

CREATE TABLE suppressions (
    address_key TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    recorded BIGINT NOT NULL
);

CREATE TABLE deliveries (
    id {id},
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    subscription_id BIGINT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    code INTEGER,
    error TEXT NOT NULL DEFAULT '',
    changed BIGINT NOT NULL,
    UNIQUE (edition_id, subscription_id)
);
CREATE INDEX deliveries_due ON deliveries (state, not_before);
