-- Recipients of a one-off issue: a segment, or '' for all subscribers. An unlisted issue has no page.
ALTER TABLE editions ADD COLUMN segment TEXT NOT NULL DEFAULT '';
ALTER TABLE editions ADD COLUMN unlisted BOOLEAN NOT NULL DEFAULT FALSE;
-- The welcome mail and the series of each newsletter, as the configuration declares them.
CREATE TABLE message_steps (
    newsletter TEXT NOT NULL,
    step TEXT NOT NULL,
    days INTEGER NOT NULL,
    PRIMARY KEY (newsletter, step)
);
-- Each message of a series to each subscription, planned when its owner confirmed it.
CREATE TABLE subscription_steps (
    subscription_id BIGINT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (subscription_id, step)
);
CREATE INDEX subscription_steps_due ON subscription_steps (due_at) WHERE state = 'planned';
