-- +goose Up

-- What happened. Rows are added, read, and deleted when they are old; the triggers below see to that.
CREATE TABLE mainstem_events (
    seq            INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    topic          TEXT NOT NULL,
    actor_issuer   TEXT NOT NULL,
    actor_subject  TEXT NOT NULL,
    trace_id       TEXT NOT NULL,
    version        INTEGER NOT NULL,
    payload        TEXT
) STRICT;
CREATE INDEX mainstem_events_topic ON mainstem_events (topic, seq);
CREATE INDEX mainstem_events_at ON mainstem_events (at);

-- The last sequence number that was given away. Whoever changes the row holds the lock under which numbers are given.
CREATE TABLE mainstem_event_position (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO mainstem_event_position (one, seq) VALUES (1, 0);

-- +goose StatementBegin
CREATE TRIGGER mainstem_events_stay BEFORE UPDATE ON mainstem_events
BEGIN
    SELECT RAISE(ABORT, 'mainstem: an event is never changed');
END;
-- +goose StatementEnd

-- INSERT OR REPLACE would delete without asking the trigger for deletions.
-- +goose StatementBegin
CREATE TRIGGER mainstem_events_are_new BEFORE INSERT ON mainstem_events
WHEN EXISTS (SELECT 1 FROM mainstem_events WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'mainstem: an event is never replaced');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mainstem_events_are_kept BEFORE DELETE ON mainstem_events
WHEN OLD.at > (unixepoch('now') - 86400) * 1000000
BEGIN
    SELECT RAISE(ABORT, 'mainstem: an event is kept for a day at least');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mainstem_event_position_grows BEFORE UPDATE ON mainstem_event_position
WHEN NEW.seq < OLD.seq
BEGIN
    SELECT RAISE(ABORT, 'mainstem: a sequence number is given once');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER mainstem_event_position_stays BEFORE DELETE ON mainstem_event_position
BEGIN
    SELECT RAISE(ABORT, 'mainstem: a sequence number is given once');
END;
-- +goose StatementEnd

-- Durable operations. Times are microseconds since 1970; 0 is never.
CREATE TABLE mainstem_workflows (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    owner_issuer     TEXT NOT NULL,
    owner_subject    TEXT NOT NULL,
    key              TEXT NOT NULL,
    input            TEXT,
    input_hash       BLOB NOT NULL,
    state            TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL,
    executor         TEXT NOT NULL,
    subject          TEXT NOT NULL,
    result           TEXT,
    fault            TEXT,
    trace_parent     TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    ended_at         INTEGER NOT NULL,
    stuck_since      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX mainstem_workflows_key ON mainstem_workflows (kind, owner_issuer, owner_subject, key) WHERE key <> '';
CREATE INDEX mainstem_workflows_state ON mainstem_workflows (state, created_at);
CREATE INDEX mainstem_workflows_created ON mainstem_workflows (created_at);
CREATE INDEX mainstem_workflows_subject ON mainstem_workflows (subject, kind, created_at) WHERE subject <> '';
CREATE INDEX mainstem_workflows_ended ON mainstem_workflows (ended_at) WHERE ended_at <> 0;

CREATE TABLE mainstem_workflow_steps (
    workflow_id TEXT NOT NULL REFERENCES mainstem_workflows (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    undo        INTEGER NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    fault       TEXT,
    PRIMARY KEY (workflow_id, position, undo)
) STRICT, WITHOUT ROWID;

-- The processes that run workflows, and until when each is believed to live.
CREATE TABLE mainstem_executors (
    id          TEXT PRIMARY KEY,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
