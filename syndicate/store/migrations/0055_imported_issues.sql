-- Old issues from other products, for the archive.
CREATE INDEX editions_imported ON editions (newsletter) WHERE state = 'imported';
