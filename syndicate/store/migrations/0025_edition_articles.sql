-- The articles that an edition told (reason ''), with the article that led their item, and those of its period
-- that it left out, with the reason. Of older editions: the leads, and what their stories had when they were cut.

CREATE TABLE edition_articles (
    article_id BIGINT NOT NULL,
    edition_id BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    lead_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (article_id, edition_id)
);
CREATE INDEX edition_articles_edition ON edition_articles (edition_id);
INSERT INTO edition_articles (article_id, edition_id, lead_id, reason, detail)
    SELECT carried.article_id, carried.edition_id, carried.article_id, '', ''
    FROM edition_stories AS carried JOIN articles ON articles.id = carried.article_id
    WHERE TRUE ON CONFLICT DO NOTHING;
INSERT INTO edition_articles (article_id, edition_id, lead_id, reason, detail)
    SELECT other.id, carried.edition_id, carried.article_id, '', ''
    FROM edition_stories AS carried
    JOIN editions ON editions.id = carried.edition_id
    JOIN articles AS lead ON lead.id = carried.article_id
    JOIN articles AS other ON other.story_id = lead.story_id
    WHERE other.first_seen <= editions.cut_at AND other.published < editions.period_end
    ON CONFLICT DO NOTHING;
