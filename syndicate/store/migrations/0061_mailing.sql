-- Sending that rests: of an edition, or of all mail with the edition 0, by a person or by the brake.
CREATE TABLE sending_rests (
    edition_id BIGINT NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL,
    reason TEXT NOT NULL,
    rested_by TEXT NOT NULL,
    resumed BIGINT
);
