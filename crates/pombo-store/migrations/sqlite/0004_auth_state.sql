-- Credentials and keys of an instance: opaque records. at_ms: what they are too old by, 0: never.
-- With a rowid: many of the values are too large to live in the tree of the keys.
CREATE TABLE auth_state (
    instance_id TEXT NOT NULL REFERENCES instance (id),
    kind TEXT NOT NULL,
    record_key TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (instance_id, kind, record_key)
);
CREATE INDEX auth_state_age ON auth_state (instance_id, kind, at_ms) WHERE at_ms > 0;
