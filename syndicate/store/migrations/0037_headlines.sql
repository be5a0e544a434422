-- The few articles with a headline of the editor's are looked for whenever the lists are computed.
CREATE INDEX articles_headlines ON articles (id) WHERE headline <> '';
