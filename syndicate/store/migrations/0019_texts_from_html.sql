-- An article's plain text is what its HTML says: it is made from that when it is asked for.

ALTER TABLE article_bodies DROP COLUMN text;
