-- Deliveries that ask for a confirmation are claimed before all editions.

CREATE INDEX deliveries_confirmations ON deliveries (not_before, id)
WHERE state IN ('pending', 'deferred') AND requires <> 'confirmed';
