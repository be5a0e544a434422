-- Why and when a source is read next, and the hubs that send us what it publishes (W3C WebSub).

ALTER TABLE sources ADD COLUMN check_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN not_before BIGINT;
ALTER TABLE sources ADD COLUMN max_age {double};
ALTER TABLE sources ADD COLUMN wish {double};
ALTER TABLE sources ADD COLUMN skip_hours INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN skip_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN visits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN visits_since BIGINT;
ALTER TABLE sources ADD COLUMN pushed_until BIGINT;

CREATE TABLE hub_subscriptions (
    source_id BIGINT NOT NULL PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    hub TEXT NOT NULL,
    topic TEXT NOT NULL,
    callback TEXT NOT NULL UNIQUE,
    secret TEXT NOT NULL,
    state TEXT NOT NULL,
    next_try BIGINT NOT NULL,
    expires BIGINT,
    last_push BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX hub_subscriptions_due ON hub_subscriptions (next_try);

CREATE TABLE pushes (
    id {id},
    source_id BIGINT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    content_type TEXT NOT NULL,
    body {blob} NOT NULL,
    received BIGINT NOT NULL
);
CREATE INDEX pushes_source ON pushes (source_id);

CREATE TABLE announcements (
    topic TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    next_try BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
);
