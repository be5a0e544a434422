-- The shard of a source, sitemap part, page or hub follows from its host (model/shards.py). Workers on many
-- machines share the work by shards; a row a process has a heartbeat.
ALTER TABLE sources ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sitemap_parts ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE page_reads ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hub_subscriptions ADD COLUMN shard INTEGER NOT NULL DEFAULT 0;
CREATE INDEX sources_shard ON sources (shard, COALESCE(next_check, 0));
CREATE INDEX sitemap_parts_shard ON sitemap_parts (shard, next_check);

CREATE TABLE workers (
    owner TEXT NOT NULL PRIMARY KEY,
    stages TEXT NOT NULL,
    shards TEXT NOT NULL,
    started BIGINT NOT NULL,
    seen BIGINT NOT NULL
);
