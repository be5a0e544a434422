-- Channels that a person or a program added; the declaration is JSON with the keys of [[channels]] but the name.
CREATE TABLE channels (
    name TEXT NOT NULL PRIMARY KEY,
    declaration TEXT NOT NULL,
    added BIGINT NOT NULL,
    removed BIGINT
);
-- Former names of channels. Their documents lead to the channel, or are gone if it is empty.
CREATE TABLE channel_moves (
    name TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    at BIGINT NOT NULL
);
-- Readers of feeds by program and day: only sums, no address and no address's hash.
CREATE TABLE feed_reads (
    channel TEXT NOT NULL,
    day BIGINT NOT NULL,
    program TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (channel, day, program)
);
-- Of a newsletter that a person or a program added: JSON with the keys of [[newsletters]] but the name.
ALTER TABLE newsletters ADD COLUMN declaration TEXT;
