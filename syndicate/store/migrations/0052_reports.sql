-- Figures of an edition: its reports by kind, and its variants and corrections, without reading others.
ALTER TABLE bounces ADD COLUMN edition_id BIGINT NOT NULL DEFAULT 0;
UPDATE bounces SET edition_id = (SELECT edition_id FROM deliveries WHERE deliveries.id = bounces.delivery_id)
    WHERE delivery_id IN (SELECT id FROM deliveries);
CREATE INDEX bounces_edition ON bounces (edition_id, kind);
CREATE INDEX editions_period ON editions (newsletter, period_end);
