-- Name of the brand whose own mail server sends, '' for the server of [mail].
ALTER TABLE newsletters ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN sender TEXT NOT NULL DEFAULT '';

-- Each server claims its own deliveries only.
DROP INDEX deliveries_due;
DROP INDEX deliveries_confirmations;
DROP INDEX deliveries_shard;
CREATE INDEX deliveries_due ON deliveries (sender, not_before, id) WHERE state IN ('pending', 'deferred');
CREATE INDEX deliveries_shard ON deliveries (sender, shard, not_before, id)
    WHERE state IN ('pending', 'deferred');
CREATE INDEX deliveries_confirmations ON deliveries (sender, not_before, id)
    WHERE state IN ('pending', 'deferred') AND requires != 'confirmed';
