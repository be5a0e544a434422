-- What people asked for on the sign-up page. One row for each request, until retention takes it away.
CREATE TABLE sign_ups (
    id {id},
    newsletter TEXT NOT NULL REFERENCES newsletters (name),
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    address_fold TEXT NOT NULL,
    network TEXT NOT NULL,
    agreed TEXT NOT NULL,
    state TEXT NOT NULL,
    token_digest TEXT NOT NULL DEFAULT '',
    delivery_id BIGINT,
    requested BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sign_ups_waiting ON sign_ups (id) WHERE state = 'waiting';
CREATE INDEX sign_ups_address ON sign_ups (address_fold, requested);
CREATE INDEX sign_ups_network ON sign_ups (network, requested);
CREATE INDEX sign_ups_newsletter ON sign_ups (newsletter, requested);
CREATE INDEX sign_ups_delivery ON sign_ups (delivery_id);

-- The text a person agreed to.
ALTER TABLE consents ADD COLUMN agreed TEXT NOT NULL DEFAULT '';

-- A delivery goes out only while its subscription is in this state: a confirmation while it is not confirmed.
ALTER TABLE deliveries ADD COLUMN requires TEXT NOT NULL DEFAULT 'confirmed';

-- What readers choose for themselves: for the mailbox, and for one newsletter.
ALTER TABLE subscribers ADD COLUMN hour INTEGER;
ALTER TABLE subscribers ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE subscribers ADD COLUMN paused_until BIGINT;
ALTER TABLE subscriptions ADD COLUMN selection TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN cadence TEXT NOT NULL DEFAULT 'edition';
