-- Columns that are looked up compare bytes (COLLATE "C"): faster, and the same on every server.
CREATE TABLE instance (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    client_name TEXT NOT NULL,
    connection TEXT NOT NULL,
    channel TEXT NOT NULL,
    owner_jid TEXT,
    profile_name TEXT,
    profile_pic_url TEXT,
    number TEXT,
    business_id TEXT,
    token TEXT NOT NULL,
    disconnection_reason_code BIGINT,
    disconnection_object TEXT,
    disconnection_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE instance_count (
    instance_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES instance (id),
    messages BIGINT NOT NULL,
    contacts BIGINT NOT NULL,
    chats BIGINT NOT NULL
);

CREATE TABLE settings (
    instance_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES instance (id),
    id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

CREATE TABLE proxy (
    instance_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES instance (id),
    id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

-- No reference to instance: a retired subscription outlives its instance.
CREATE TABLE subscription (
    instance_id TEXT COLLATE "C" NOT NULL,
    transport TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    enabled BOOLEAN NOT NULL,
    events TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    retired_at_seq BIGINT,
    PRIMARY KEY (instance_id, transport)
);

CREATE TABLE message (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    remote_jid TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    from_me BOOLEAN NOT NULL,
    timestamp_s BIGINT NOT NULL,
    message_type TEXT NOT NULL,
    source TEXT NOT NULL,
    status TEXT,
    participant TEXT,
    key_participant TEXT,
    remote_jid_alt TEXT COLLATE "C",
    push_name TEXT,
    webhook_url TEXT,
    key_more TEXT NOT NULL,
    context_info TEXT,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX message_key ON message (instance_id, key_id, remote_jid, from_me);
CREATE INDEX message_chat_time ON message (instance_id, remote_jid, timestamp_s, id);
CREATE INDEX message_time ON message (instance_id, timestamp_s, id);
CREATE INDEX message_alt_time ON message (instance_id, remote_jid_alt, timestamp_s, id) WHERE remote_jid_alt IS NOT NULL;

-- How many messages an instance has in each day and minute (span_s), so that the way to a page deep in the past is short.
CREATE TABLE message_span (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    span_s BIGINT NOT NULL,
    start_s BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (instance_id, span_s, start_s)
);

CREATE TABLE message_update (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    message_id TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    remote_jid TEXT COLLATE "C" NOT NULL,
    from_me BOOLEAN NOT NULL,
    participant TEXT,
    status TEXT NOT NULL,
    poll_updates TEXT
);
CREATE INDEX message_update_message ON message_update (instance_id, message_id, id);
CREATE INDEX message_update_key ON message_update (instance_id, key_id, id);
CREATE INDEX message_update_chat ON message_update (instance_id, remote_jid, id);

CREATE TABLE chat (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    remote_jid TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    labels TEXT,
    unread_messages BIGINT NOT NULL,
    message_count BIGINT NOT NULL,
    last_message_id TEXT,
    last_message_s BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, remote_jid)
);
CREATE INDEX chat_recent ON chat (instance_id, last_message_s);

CREATE TABLE contact (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    remote_jid TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    push_name TEXT,
    profile_pic_url TEXT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, remote_jid)
);

-- The log. seq comes from log_head, whose row lock makes the order of seq the order of commits.
CREATE TABLE event (
    seq BIGINT NOT NULL PRIMARY KEY,
    instance_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    instance_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    sender TEXT,
    payload TEXT NOT NULL
);
CREATE INDEX event_instance ON event (instance_id, seq);

CREATE TABLE log_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    pruned_through BIGINT NOT NULL
);
INSERT INTO log_head (id, seq, pruned_through) VALUES (1, 0, 0);

-- instance_id is '' for a cursor over all instances.
CREATE TABLE sink_cursor (
    sink TEXT COLLATE "C" NOT NULL,
    instance_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (sink, instance_id)
);

CREATE TABLE delivery (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    sink TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    next_at_ms BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    instance_id TEXT COLLATE "C",
    subscription TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    last_status BIGINT,
    last_error TEXT NOT NULL
);
CREATE INDEX delivery_due ON delivery (sink, state, next_at_ms, id);
CREATE INDEX delivery_event ON delivery (event_seq, state);
