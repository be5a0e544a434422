-- The items of an edition stand in its content and in edition_articles; this third record of them was read nowhere.

DROP TABLE edition_stories;
