-- Endpoints of other programs, the events that they want, and the delivery of each event to each endpoint.
CREATE TABLE webhooks (
    id {id},
    address TEXT NOT NULL,
    events TEXT NOT NULL,
    secret TEXT NOT NULL,
    former_secret TEXT NOT NULL DEFAULT '',
    user_id BIGINT,
    state TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    created BIGINT NOT NULL
);
CREATE TABLE events (
    id {id},
    uid TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX events_subject ON events (type, subject);
CREATE INDEX events_created ON events (created);
CREATE TABLE webhook_deliveries (
    id {id},
    webhook_id BIGINT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    lease_owner TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    code INTEGER,
    error TEXT NOT NULL DEFAULT '',
    changed BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (webhook_id, subject, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (not_before) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);
