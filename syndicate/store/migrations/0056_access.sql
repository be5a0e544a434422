-- Users of the admin pages, their sessions, second steps and failed sign-ins.
CREATE TABLE users (
    id {id},
    address TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    totp_secret TEXT NOT NULL DEFAULT '',
    totp_step BIGINT NOT NULL DEFAULT 0,
    test_address TEXT NOT NULL DEFAULT '',
    created BIGINT NOT NULL
);
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used BIGINT,
    PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE sessions (
    id_hash TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    password_at BIGINT NOT NULL,
    browser TEXT NOT NULL,
    network TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user ON sessions (user_id);
-- Links for an invitation, a lost password and the first user, and forms kept while a session was gone.
CREATE TABLE one_time_keys (
    key_hash TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id BIGINT,
    value TEXT NOT NULL,
    ends BIGINT NOT NULL
);
CREATE TABLE attempts (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, at)
);
-- Tokens of programs.
CREATE TABLE tokens (
    id {id},
    token_hash TEXT NOT NULL UNIQUE,
    beginning TEXT NOT NULL,
    name TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL,
    ends BIGINT,
    used BIGINT,
    revoked BIGINT
);
-- Every change by a person, a token or a command with --by; only added to.
CREATE TABLE audit (
    id {id},
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    user_id BIGINT,
    token_id BIGINT,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    network TEXT NOT NULL
);
CREATE INDEX audit_object ON audit (object_kind, object_id, id);
CREATE INDEX audit_actor ON audit (actor_name, id);
-- Result of each request with a key, repeated for 24 hours.
CREATE TABLE repeated_requests (
    actor TEXT NOT NULL,
    request_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    result TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor, request_key)
);
CREATE INDEX repeated_requests_at ON repeated_requests (at);
