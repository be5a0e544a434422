-- Why a delivery ended without an answer of the server, why a subscription ended without its reader, and from
-- whose site a source is read: as codes, where there were sentences that statements looked for.

ALTER TABLE deliveries ADD COLUMN cause TEXT NOT NULL DEFAULT '';
UPDATE deliveries
    SET cause = CASE error
            WHEN 'a correction took its place' THEN 'corrected'
            WHEN 'paused by its reader before it was sent' THEN 'paused'
            WHEN 'unsubscribed before it was sent' THEN 'left'
            WHEN 'the sender stopped between the body and the server''s answer' THEN 'interrupted'
            WHEN 'it waited in a backup that was restored' THEN 'restored'
            ELSE 'too late'
        END,
        error = CASE WHEN SUBSTR(error, 1, 26) = 'it was too late to be sent' THEN SUBSTR(error, 29) ELSE '' END
    WHERE SUBSTR(error, 1, 26) = 'it was too late to be sent' OR error IN (
        'a correction took its place',
        'paused by its reader before it was sent',
        'unsubscribed before it was sent',
        'the sender stopped between the body and the server''s answer',
        'it waited in a backup that was restored'
    );

ALTER TABLE subscriptions ADD COLUMN ended_for TEXT NOT NULL DEFAULT '';
UPDATE subscriptions SET ended_for = 'bounced'
    WHERE state = 'unsubscribed' AND (
        SELECT SUBSTR(consents.detail, 1, 7)
        FROM consents JOIN subscribers ON subscribers.address_key = consents.address_key
        WHERE subscribers.id = subscriptions.subscriber_id AND consents.newsletter = subscriptions.newsletter
        ORDER BY consents.id DESC LIMIT 1
    ) = 'bounced';

-- The warning held the other site too. What else it told is read again, with the whole document.
ALTER TABLE sources ADD COLUMN read_from TEXT NOT NULL DEFAULT '';
UPDATE sources SET warning = '', etag = '', last_modified = '', body_hash = '', frame = ''
    WHERE warning <> REPLACE(warning, 'It is read from another site, ', '');
