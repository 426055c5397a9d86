-- Events that this service could not take, off the broker's queue of the dead, until somebody has decided what becomes of
-- them. No personal data: events hold none.
CREATE TABLE IF NOT EXISTS dead_letters (
    id         uuid PRIMARY KEY,
    queue      text        NOT NULL,
    message_id text        NOT NULL,
    event_type text,
    reason     text        NOT NULL,
    body       bytea       NOT NULL,
    traceparent text,
    state      text        NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'replayed', 'discarded')),
    deaths     integer     NOT NULL DEFAULT 1,
    died_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    -- However often the broker delivers it.
    CONSTRAINT dead_letters_once UNIQUE (queue, message_id),
    CONSTRAINT dead_letters_settled CHECK ((state = 'dead') = (settled_at IS NULL))
);

CREATE INDEX IF NOT EXISTS dead_letters_by_state ON dead_letters (state, id);
CREATE INDEX IF NOT EXISTS dead_letters_settled_at ON dead_letters (settled_at) WHERE settled_at IS NOT NULL;
