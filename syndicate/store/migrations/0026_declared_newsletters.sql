-- Whether config.toml declares a newsletter now: periods that end while it does not are not missed.

ALTER TABLE newsletters ADD COLUMN declared BOOLEAN NOT NULL DEFAULT TRUE;
