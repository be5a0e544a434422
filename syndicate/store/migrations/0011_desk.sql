-- What an edition says, frozen, so that mail, archive page and feed item are made from the same; and the desk.

ALTER TABLE editions ADD COLUMN content_json TEXT;
ALTER TABLE editions ADD COLUMN web_url TEXT NOT NULL DEFAULT '';
ALTER TABLE editions ADD COLUMN approve_by BIGINT;
CREATE INDEX editions_waiting ON editions (approve_by) WHERE state = 'waiting';

CREATE TABLE edition_changes (
    id {id},
    edition_id BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    changed_by TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    changed BIGINT NOT NULL
);
CREATE INDEX edition_changes_edition ON edition_changes (edition_id);
