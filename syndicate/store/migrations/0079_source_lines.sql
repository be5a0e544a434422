-- readers: 70
-- The first and last lines of each source's latest articles, so that a line that it repeats counts nothing.
CREATE TABLE source_lines (
    source_id BIGINT NOT NULL PRIMARY KEY REFERENCES sources (id),
    seen {blob} NOT NULL
);
