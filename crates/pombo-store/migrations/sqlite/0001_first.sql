-- Small columns stand before the JSON texts, so that reading them never walks through a large text.
CREATE TABLE instance (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    client_name TEXT NOT NULL,
    connection TEXT NOT NULL,
    channel TEXT NOT NULL,
    owner_jid TEXT,
    profile_name TEXT,
    profile_pic_url TEXT,
    number TEXT,
    business_id TEXT,
    token TEXT NOT NULL,
    disconnection_reason_code INTEGER,
    disconnection_object TEXT,
    disconnection_at_ms INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    deleted BOOLEAN NOT NULL DEFAULT FALSE
) WITHOUT ROWID;

CREATE TABLE instance_count (
    instance_id TEXT NOT NULL PRIMARY KEY REFERENCES instance (id),
    messages INTEGER NOT NULL,
    contacts INTEGER NOT NULL,
    chats INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (
    instance_id TEXT NOT NULL PRIMARY KEY REFERENCES instance (id),
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE proxy (
    instance_id TEXT NOT NULL PRIMARY KEY REFERENCES instance (id),
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- No reference to instance: a retired subscription outlives its instance.
CREATE TABLE subscription (
    instance_id TEXT NOT NULL,
    transport TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    enabled BOOLEAN NOT NULL,
    events TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    retired_at_seq INTEGER,
    PRIMARY KEY (instance_id, transport)
) WITHOUT ROWID;

CREATE TABLE message (
    id TEXT NOT NULL PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instance (id),
    remote_jid TEXT NOT NULL,
    key_id TEXT NOT NULL,
    from_me BOOLEAN NOT NULL,
    timestamp_s INTEGER NOT NULL,
    message_type TEXT NOT NULL,
    source TEXT NOT NULL,
    status TEXT,
    participant TEXT,
    key_participant TEXT,
    remote_jid_alt TEXT,
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
    instance_id TEXT NOT NULL REFERENCES instance (id),
    span_s INTEGER NOT NULL,
    start_s INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (instance_id, span_s, start_s)
) WITHOUT ROWID;

CREATE TABLE message_update (
    id TEXT NOT NULL PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instance (id),
    message_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    remote_jid TEXT NOT NULL,
    from_me BOOLEAN NOT NULL,
    participant TEXT,
    status TEXT NOT NULL,
    poll_updates TEXT
);
CREATE INDEX message_update_message ON message_update (instance_id, message_id, id);
CREATE INDEX message_update_key ON message_update (instance_id, key_id, id);
CREATE INDEX message_update_chat ON message_update (instance_id, remote_jid, id);

CREATE TABLE chat (
    instance_id TEXT NOT NULL REFERENCES instance (id),
    remote_jid TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    labels TEXT,
    unread_messages INTEGER NOT NULL,
    message_count INTEGER NOT NULL,
    last_message_id TEXT,
    last_message_s INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (instance_id, remote_jid)
) WITHOUT ROWID;
CREATE INDEX chat_recent ON chat (instance_id, last_message_s);

CREATE TABLE contact (
    instance_id TEXT NOT NULL REFERENCES instance (id),
    remote_jid TEXT NOT NULL,
    id TEXT NOT NULL,
    push_name TEXT,
    profile_pic_url TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (instance_id, remote_jid)
) WITHOUT ROWID;

-- The log. seq comes from log_head, whose row lock makes the order of seq the order of commits.
CREATE TABLE event (
    seq INTEGER NOT NULL PRIMARY KEY,
    instance_id TEXT NOT NULL,
    id TEXT NOT NULL,
    instance_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    sender TEXT,
    payload TEXT NOT NULL
);
CREATE INDEX event_instance ON event (instance_id, seq);

CREATE TABLE log_head (
    id INTEGER NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    pruned_through INTEGER NOT NULL
);
INSERT INTO log_head (id, seq, pruned_through) VALUES (1, 0, 0);

-- instance_id is '' for a cursor over all instances.
CREATE TABLE sink_cursor (
    sink TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (sink, instance_id)
) WITHOUT ROWID;

CREATE TABLE delivery (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL,
    state TEXT NOT NULL,
    next_at_ms INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    instance_id TEXT,
    subscription TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    last_status INTEGER,
    last_error TEXT NOT NULL
);
CREATE INDEX delivery_due ON delivery (sink, state, next_at_ms, id);
CREATE INDEX delivery_event ON delivery (event_seq, state);
