-- Stories that merged or split, articles that stand in lists, and why each article is where it is.

CREATE TABLE story_moves (
    id {id},
    kind TEXT NOT NULL,
    from_story BIGINT NOT NULL,
    to_story BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    articles INTEGER NOT NULL,
    likeness {double} NOT NULL,
    needed {double} NOT NULL,
    moved BIGINT NOT NULL
);
CREATE INDEX story_moves_from ON story_moves (from_story);
CREATE INDEX story_moves_to ON story_moves (to_story);

CREATE TABLE listed_articles (
    list TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    PRIMARY KEY (list, article_id)
);
INSERT INTO listed_articles (list, article_id)
    SELECT DISTINCT ranked.list, articles.id FROM ranked JOIN articles ON articles.id = ranked.article_id;

CREATE TABLE story_reasons (
    article_id BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    story_id BIGINT NOT NULL,
    nearest_id BIGINT NOT NULL,
    nearest {double} NOT NULL,
    mean {double} NOT NULL,
    compared INTEGER NOT NULL,
    likeness {double} NOT NULL,
    needed {double} NOT NULL,
    placed BIGINT NOT NULL
);
