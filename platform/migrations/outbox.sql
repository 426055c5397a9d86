-- What this service has decided to tell the others. Written in the transaction of the change, published by
-- the relay, marked only after the broker confirmed.
CREATE TABLE IF NOT EXISTS outbox (
    event_id     uuid PRIMARY KEY,
    -- The order of publishing. Taken while the aggregate's row is locked, so it is the order of commits of
    -- one aggregate.
    position     bigint GENERATED ALWAYS AS IDENTITY,
    aggregate_id uuid        NOT NULL,
    event_type   text        NOT NULL,
    data         jsonb       NOT NULL,
    traceparent  text,
    occurred_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at timestamptz
);

CREATE INDEX IF NOT EXISTS outbox_unpublished ON outbox (position) WHERE published_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
