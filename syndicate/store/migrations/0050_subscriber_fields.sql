-- Fields and tags that an operator keeps about subscribers. The number of a value that is a number or a date
-- (20260131) makes both engines compare alike.
CREATE TABLE subscriber_fields (
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    number {double},
    PRIMARY KEY (subscriber_id, name)
);
CREATE INDEX subscriber_fields_value ON subscriber_fields (name, value, subscriber_id);
CREATE INDEX subscriber_fields_number ON subscriber_fields (name, number, subscriber_id) WHERE number IS NOT NULL;
CREATE TABLE subscriber_tags (
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (subscriber_id, tag)
);
CREATE INDEX subscriber_tags_tag ON subscriber_tags (tag, subscriber_id);
