-- The shard of the recipient's domain, so that workers share deliveries. The code fills older rows.
ALTER TABLE subscribers ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deliveries_shard ON deliveries (shard, not_before, id) WHERE state IN ('pending', 'deferred');

-- Time from which the next message may be sent under the rate limits: of all messages ('') and to a domain.
CREATE TABLE sending_slots (
    name TEXT NOT NULL PRIMARY KEY,
    free_at BIGINT NOT NULL,
    free_at_for_first BIGINT NOT NULL
);
INSERT INTO sending_slots (name, free_at, free_at_for_first) VALUES ('', 0, 0);

-- Deliveries of a subscription: for changed preferences, and for subscribers who are erased.
CREATE INDEX deliveries_subscription ON deliveries (subscription_id);
