-- Subscriptions with chosen sections, which segments ask for.
CREATE INDEX subscriptions_selection ON subscriptions (subscriber_id) WHERE selection <> '';
