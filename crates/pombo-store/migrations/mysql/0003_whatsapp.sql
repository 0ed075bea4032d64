-- Labels, votes, and which numbers are on WhatsApp.
CREATE TABLE IF NOT EXISTS label (
    instance_id VARBINARY(64) NOT NULL,
    label_id VARBINARY(255) NOT NULL,
    id VARBINARY(64) NOT NULL,
    name LONGTEXT NOT NULL,
    color LONGTEXT NOT NULL,
    predefined_id LONGTEXT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, label_id),
    CONSTRAINT label_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

-- The newest vote of each voter; message_id is the row of the poll.
CREATE TABLE IF NOT EXISTS poll_vote (
    instance_id VARBINARY(64) NOT NULL,
    message_id VARBINARY(64) NOT NULL,
    voter VARBINARY(255) NOT NULL,
    options LONGTEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, message_id, voter),
    CONSTRAINT poll_vote_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS number_cache (
    instance_id VARBINARY(64) NOT NULL,
    asked VARBINARY(255) NOT NULL,
    jid LONGTEXT NOT NULL,
    lid LONGTEXT,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, asked),
    CONSTRAINT number_cache_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

-- Messages on their way out whose outcome is not known yet.
CREATE TABLE IF NOT EXISTS outbox (
    instance_id VARBINARY(64) NOT NULL,
    message_id VARBINARY(64) NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, message_id),
    CONSTRAINT outbox_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;
