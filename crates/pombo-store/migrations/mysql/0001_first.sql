-- MySQL cannot roll a CREATE TABLE back: every statement can be run again.
-- Columns that are looked up are VARBINARY: bytes compare exactly, trailing spaces included, as on the other databases.
CREATE TABLE IF NOT EXISTS instance (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    name VARBINARY(1020) NOT NULL UNIQUE,
    client_name VARBINARY(1020) NOT NULL,
    connection LONGTEXT NOT NULL,
    channel LONGTEXT NOT NULL,
    owner_jid LONGTEXT,
    profile_name LONGTEXT,
    profile_pic_url LONGTEXT,
    number LONGTEXT,
    business_id LONGTEXT,
    token LONGTEXT NOT NULL,
    disconnection_reason_code BIGINT,
    disconnection_object LONGTEXT,
    disconnection_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS instance_count (
    instance_id VARBINARY(64) NOT NULL PRIMARY KEY,
    messages BIGINT NOT NULL,
    contacts BIGINT NOT NULL,
    chats BIGINT NOT NULL,
    CONSTRAINT instance_count_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS settings (
    instance_id VARBINARY(64) NOT NULL PRIMARY KEY,
    id VARBINARY(64) NOT NULL,
    body LONGTEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    CONSTRAINT settings_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS proxy (
    instance_id VARBINARY(64) NOT NULL PRIMARY KEY,
    id VARBINARY(64) NOT NULL,
    body LONGTEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    CONSTRAINT proxy_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

-- No reference to instance: a retired subscription outlives its instance.
CREATE TABLE IF NOT EXISTS subscription (
    instance_id VARBINARY(64) NOT NULL,
    transport VARBINARY(32) NOT NULL,
    id VARBINARY(64) NOT NULL UNIQUE,
    enabled BOOLEAN NOT NULL,
    events LONGTEXT NOT NULL,
    options LONGTEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    retired_at_seq BIGINT,
    PRIMARY KEY (instance_id, transport)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS message (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    instance_id VARBINARY(64) NOT NULL,
    remote_jid VARBINARY(1020) NOT NULL,
    key_id VARBINARY(1020) NOT NULL,
    from_me BOOLEAN NOT NULL,
    timestamp_s BIGINT NOT NULL,
    message_type LONGTEXT NOT NULL,
    source LONGTEXT NOT NULL,
    status LONGTEXT,
    participant LONGTEXT,
    key_participant LONGTEXT,
    remote_jid_alt VARBINARY(1020),
    push_name LONGTEXT,
    webhook_url LONGTEXT,
    key_more LONGTEXT NOT NULL,
    context_info LONGTEXT,
    body LONGTEXT NOT NULL,
    UNIQUE KEY message_key (instance_id, key_id, remote_jid, from_me),
    KEY message_chat_time (instance_id, remote_jid, timestamp_s, id),
    KEY message_time (instance_id, timestamp_s, id),
    KEY message_alt_time (instance_id, remote_jid_alt, timestamp_s, id),
    CONSTRAINT message_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

-- How many messages an instance has in each day and minute (span_s), so that the way to a page deep in the past is short.
CREATE TABLE IF NOT EXISTS message_span (
    instance_id VARBINARY(64) NOT NULL,
    span_s BIGINT NOT NULL,
    start_s BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (instance_id, span_s, start_s),
    CONSTRAINT message_span_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS message_update (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    instance_id VARBINARY(64) NOT NULL,
    message_id VARBINARY(64) NOT NULL,
    key_id VARBINARY(1020) NOT NULL,
    remote_jid VARBINARY(1020) NOT NULL,
    from_me BOOLEAN NOT NULL,
    participant LONGTEXT,
    status LONGTEXT NOT NULL,
    poll_updates LONGTEXT,
    KEY message_update_message (instance_id, message_id, id),
    KEY message_update_key (instance_id, key_id, id),
    KEY message_update_chat (instance_id, remote_jid, id),
    CONSTRAINT message_update_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS chat (
    instance_id VARBINARY(64) NOT NULL,
    remote_jid VARBINARY(1020) NOT NULL,
    id VARBINARY(64) NOT NULL,
    name LONGTEXT,
    labels LONGTEXT,
    unread_messages BIGINT NOT NULL,
    message_count BIGINT NOT NULL,
    last_message_id VARBINARY(64),
    last_message_s BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, remote_jid),
    KEY chat_recent (instance_id, last_message_s),
    CONSTRAINT chat_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS contact (
    instance_id VARBINARY(64) NOT NULL,
    remote_jid VARBINARY(1020) NOT NULL,
    id VARBINARY(64) NOT NULL,
    push_name LONGTEXT,
    profile_pic_url LONGTEXT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, remote_jid),
    CONSTRAINT contact_instance FOREIGN KEY (instance_id) REFERENCES instance (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

-- The log. seq comes from log_head, whose row lock makes the order of seq the order of commits.
CREATE TABLE IF NOT EXISTS event (
    seq BIGINT NOT NULL PRIMARY KEY,
    instance_id VARBINARY(64) NOT NULL,
    id VARBINARY(64) NOT NULL,
    instance_name LONGTEXT NOT NULL,
    kind LONGTEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    sender LONGTEXT,
    payload LONGTEXT NOT NULL,
    KEY event_instance (instance_id, seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS log_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    pruned_through BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;
INSERT IGNORE INTO log_head (id, seq, pruned_through) VALUES (1, 0, 0);

-- instance_id is '' for a cursor over all instances.
CREATE TABLE IF NOT EXISTS sink_cursor (
    sink VARBINARY(255) NOT NULL,
    instance_id VARBINARY(64) NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (sink, instance_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS delivery (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    sink VARBINARY(255) NOT NULL,
    state VARBINARY(16) NOT NULL,
    next_at_ms BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    instance_id VARBINARY(64),
    subscription LONGTEXT NOT NULL,
    attempt BIGINT NOT NULL,
    last_status BIGINT,
    last_error LONGTEXT NOT NULL,
    KEY delivery_due (sink, state, next_at_ms, id),
    KEY delivery_event (event_seq, state)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin ROW_FORMAT = DYNAMIC;
