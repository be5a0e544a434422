-- readers: 70
-- Tags of publishers that readers do not see, and that rules and explanations know.
ALTER TABLE articles ADD COLUMN hidden_tags_json TEXT NOT NULL DEFAULT '[]';
