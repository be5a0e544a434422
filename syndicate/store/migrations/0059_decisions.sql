-- Moves that an editor decided, and the places of stories at each hour.
ALTER TABLE story_moves ADD COLUMN decision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX editor_log_pairs ON editor_log (id) WHERE action IN ('merge', 'split');
CREATE TABLE ranked_history (
    list TEXT NOT NULL,
    hour BIGINT NOT NULL,
    position INTEGER NOT NULL,
    story_id BIGINT NOT NULL,
    PRIMARY KEY (list, hour, position)
);
-- Queries that readers and operators saved; each is a feed, and a mail or event when something new matches.
CREATE TABLE saved_searches (
    id {id},
    subscription_id BIGINT REFERENCES subscriptions (id) ON DELETE CASCADE,
    created_by TEXT NOT NULL,
    query TEXT NOT NULL,
    per_day INTEGER NOT NULL,
    seen_id BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX saved_searches_due ON saved_searches (next_at) WHERE ended IS NULL;
CREATE INDEX saved_searches_subscription ON saved_searches (subscription_id);
