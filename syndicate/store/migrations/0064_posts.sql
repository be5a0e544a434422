-- Networks that channels post to, since when, and until when each rests.
CREATE TABLE post_targets (
    network TEXT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL,
    rests_until BIGINT NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
);
-- A story on a network: one row, one state, as for deliveries.
CREATE TABLE posts (
    id {id},
    network TEXT NOT NULL,
    channel TEXT NOT NULL,
    story_id BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    remote_id TEXT NOT NULL DEFAULT '',
    begun BIGINT,
    in_doubt BOOLEAN NOT NULL DEFAULT FALSE,
    created BIGINT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    code INTEGER,
    error TEXT NOT NULL DEFAULT '',
    changed BIGINT NOT NULL,
    UNIQUE (network, story_id)
);
CREATE INDEX posts_article ON posts (article_id);
CREATE INDEX posts_changed ON posts (network, state, changed);
