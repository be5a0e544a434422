-- What came back: bounces and complaints, each once, forgotten with the subscription they belong to.
CREATE TABLE bounces (
    id {id},
    subscription_id BIGINT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    delivery_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    detail TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    recorded BIGINT NOT NULL
);
CREATE INDEX bounces_subscription ON bounces (subscription_id, recorded);

-- Only what waits or is under way has to be found by time; what has been sent is never looked for.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (not_before, id) WHERE state IN ('pending', 'deferred');
CREATE INDEX deliveries_sending ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_trouble ON deliveries (state) WHERE state IN ('failed', 'uncertain');
