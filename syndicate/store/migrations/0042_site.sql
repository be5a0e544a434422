-- Address of a story's page inside the output folder; empty until two sources tell the story.
ALTER TABLE stories ADD COLUMN path TEXT NOT NULL DEFAULT '';
CREATE INDEX stories_without_path ON stories (id) WHERE path = '' AND coverage > 1;
-- The address that a story had before it merged into another; its page there leads to the other story.
ALTER TABLE story_moves ADD COLUMN path TEXT NOT NULL DEFAULT '';
-- Bounds of the pages of long lists: page N of a list ends with this article. Page 1 is the oldest.
CREATE TABLE list_pages (
    list TEXT NOT NULL,
    number INTEGER NOT NULL,
    published BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    PRIMARY KEY (list, number)
);
-- The key of each author of an article: all spellings of a name have one key.
CREATE TABLE article_authors (
    author TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    PRIMARY KEY (author, article_id)
);
CREATE INDEX article_authors_of ON article_authors (article_id);
