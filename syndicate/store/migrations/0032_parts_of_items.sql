-- An article that another item told as the same event is now a part of that item, as the articles of its story are.

UPDATE edition_articles
SET reason = '', lead_id = CAST(detail AS BIGINT), detail = ''
WHERE reason = 'same event';
