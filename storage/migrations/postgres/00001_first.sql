-- +goose Up

-- The clock: microseconds since 1970, and not of the transaction's beginning.
CREATE FUNCTION mainstem.now() RETURNS bigint LANGUAGE sql VOLATILE AS
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint';

-- What happened. Rows are added, read, and deleted when they are old; the triggers below see to that.
CREATE TABLE mainstem.events (
    seq            bigint PRIMARY KEY,
    at             bigint NOT NULL,
    kind           text NOT NULL,
    topic          text NOT NULL,
    actor_issuer   text NOT NULL,
    actor_subject  text NOT NULL,
    trace_id       text NOT NULL,
    version        bigint NOT NULL,
    payload        json
);
CREATE INDEX events_topic ON mainstem.events (topic, seq);
CREATE INDEX events_at ON mainstem.events (at);

-- The last sequence number that was given away. Whoever changes the row holds the lock under which numbers are given. Each change leaves a dead
-- row behind: half-empty pages let the next one use its room without touching an index.
CREATE TABLE mainstem.event_position (
    one integer PRIMARY KEY CHECK (one = 1),
    seq bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO mainstem.event_position (one, seq) VALUES (1, 0);

-- +goose StatementBegin
CREATE FUNCTION mainstem.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING MESSAGE = 'mainstem: ' || TG_ARGV[0], ERRCODE = 'integrity_constraint_violation';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER events_stay BEFORE UPDATE ON mainstem.events
    FOR EACH ROW EXECUTE FUNCTION mainstem.refuse('an event is never changed');
CREATE TRIGGER events_are_not_cleared BEFORE TRUNCATE ON mainstem.events
    FOR EACH STATEMENT EXECUTE FUNCTION mainstem.refuse('events are deleted when they are old, and not all at once');
CREATE TRIGGER events_are_kept BEFORE DELETE ON mainstem.events
    FOR EACH ROW WHEN (OLD.at > mainstem.now() - 86400 * 1000000::bigint)
    EXECUTE FUNCTION mainstem.refuse('an event is kept for a day at least');
CREATE TRIGGER event_position_grows BEFORE UPDATE ON mainstem.event_position
    FOR EACH ROW WHEN (NEW.seq < OLD.seq) EXECUTE FUNCTION mainstem.refuse('a sequence number is given once');
CREATE TRIGGER event_position_stays BEFORE DELETE ON mainstem.event_position
    FOR EACH ROW EXECUTE FUNCTION mainstem.refuse('a sequence number is given once');
CREATE TRIGGER event_position_is_not_cleared BEFORE TRUNCATE ON mainstem.event_position
    FOR EACH STATEMENT EXECUTE FUNCTION mainstem.refuse('a sequence number is given once');

-- Whoever waits for a topic is told when the transaction commits. Done here, it costs no round trip under the lock.
-- +goose StatementBegin
CREATE FUNCTION mainstem.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('mainstem', NEW.topic);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER events_are_told AFTER INSERT ON mainstem.events
    FOR EACH ROW EXECUTE FUNCTION mainstem.tell();

-- Durable operations. Times are microseconds since 1970; 0 is never.
CREATE TABLE mainstem.workflows (
    id               text PRIMARY KEY,
    kind             text NOT NULL,
    owner_issuer     text NOT NULL,
    owner_subject    text NOT NULL,
    key              text NOT NULL,
    input            json,
    input_hash       bytea NOT NULL,
    state            text NOT NULL,
    cancel_requested boolean NOT NULL,
    executor         text NOT NULL,
    subject          text NOT NULL,
    result           json,
    fault            json,
    trace_parent     text NOT NULL,
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    ended_at         bigint NOT NULL,
    stuck_since      bigint NOT NULL
);
CREATE UNIQUE INDEX workflows_key ON mainstem.workflows (kind, owner_issuer, owner_subject, key) WHERE key <> '';
CREATE INDEX workflows_state ON mainstem.workflows (state, created_at);
CREATE INDEX workflows_created ON mainstem.workflows (created_at);
CREATE INDEX workflows_subject ON mainstem.workflows (subject, kind, created_at) WHERE subject <> '';
CREATE INDEX workflows_ended ON mainstem.workflows (ended_at) WHERE ended_at <> 0;

CREATE TABLE mainstem.workflow_steps (
    workflow_id text NOT NULL REFERENCES mainstem.workflows (id) ON DELETE CASCADE,
    position    bigint NOT NULL,
    undo        boolean NOT NULL,
    name        text NOT NULL,
    state       text NOT NULL,
    attempts    bigint NOT NULL,
    started_at  bigint NOT NULL,
    ended_at    bigint NOT NULL,
    fault       json,
    PRIMARY KEY (workflow_id, position, undo)
);

-- The processes that run workflows, and until when each is believed to live.
CREATE TABLE mainstem.executors (
    id          text PRIMARY KEY,
    lease_until bigint NOT NULL
);
