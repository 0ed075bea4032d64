-- Labels, votes, and which numbers are on WhatsApp.
CREATE TABLE label (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    label_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    predefined_id TEXT,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, label_id)
);

-- The newest vote of each voter; message_id is the row of the poll.
CREATE TABLE poll_vote (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    message_id TEXT COLLATE "C" NOT NULL,
    voter TEXT COLLATE "C" NOT NULL,
    options TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, message_id, voter)
);

CREATE TABLE number_cache (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    asked TEXT COLLATE "C" NOT NULL,
    jid TEXT NOT NULL,
    lid TEXT,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, asked)
);

-- Messages on their way out whose outcome is not known yet.
CREATE TABLE outbox (
    instance_id TEXT COLLATE "C" NOT NULL REFERENCES instance (id),
    message_id TEXT COLLATE "C" NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (instance_id, message_id)
);
