-- The column names the variant of an edition. The cadence a subscriber chose stays in subscriptions.cadence.
ALTER TABLE editions RENAME COLUMN cadence TO variant_key;
