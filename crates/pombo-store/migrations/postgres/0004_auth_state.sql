-- Credentials and keys of an instance: opaque records. at_ms: what they are too old by, 0: never.
CREATE TABLE auth_state (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    kind TEXT COLLATE "C" NOT NULL,
    record_key TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (instance_id, kind, record_key)
);
CREATE INDEX auth_state_age ON auth_state (instance_id, kind, at_ms) WHERE at_ms > 0;
