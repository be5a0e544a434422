-- Files in object storage: the hash of each object as it was last written, so that equal bytes cost no request.
CREATE TABLE published_files (path {bytewise} NOT NULL PRIMARY KEY, hash TEXT NOT NULL, written BIGINT NOT NULL);
