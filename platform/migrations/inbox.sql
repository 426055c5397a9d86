-- Events that have had their effect here. Written in the transaction of the effect, so that a redelivery
-- changes nothing.
CREATE TABLE IF NOT EXISTS inbox (
    event_id    uuid PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX IF NOT EXISTS inbox_received ON inbox (received_at);
