-- The lead of a story in each language, for stories told in several. A list remembers the leads of its stories in each
-- language, too: `language` is '' for an article that led its story as a whole.

CREATE TABLE story_leads (
    story_id BIGINT NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    PRIMARY KEY (story_id, language)
);
CREATE INDEX story_leads_article ON story_leads (article_id);

ALTER TABLE listed_articles ADD COLUMN language TEXT NOT NULL DEFAULT '';
