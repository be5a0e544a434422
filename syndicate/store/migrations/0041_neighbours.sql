-- The nearest articles of each article when it was placed: their sources tell how much a story's theme counts.
CREATE TABLE neighbours (
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    neighbour_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    PRIMARY KEY (article_id, neighbour_id)
);
CREATE INDEX neighbours_back ON neighbours (neighbour_id);
INSERT INTO neighbours (article_id, neighbour_id) SELECT DISTINCT article_id, related_id FROM related;
