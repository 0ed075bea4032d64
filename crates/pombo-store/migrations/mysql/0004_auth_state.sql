-- Credentials and keys of an instance: opaque records. at_ms: what they are too old by, 0: never.
CREATE TABLE IF NOT EXISTS auth_state (
    instance_id VARBINARY(64) NOT NULL,
    kind VARBINARY(32) NOT NULL,
    record_key VARBINARY(1020) NOT NULL,
    at_ms BIGINT NOT NULL,
    value LONGBLOB NOT NULL,
    PRIMARY KEY (instance_id, kind, record_key),
    KEY auth_state_age (instance_id, kind, at_ms),
    CONSTRAINT auth_state_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;
