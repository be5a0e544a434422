-- Origin of a sign-up, given by the form or taken from its page, and the fields that its form asked for, as JSON.
ALTER TABLE sign_ups ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_ups ADD COLUMN fields TEXT NOT NULL DEFAULT '{{}}';
-- Of the sign-up that was confirmed.
ALTER TABLE subscriptions ADD COLUMN source TEXT NOT NULL DEFAULT '';
