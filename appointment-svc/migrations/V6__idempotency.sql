-- Whoever holds a time names it by its token.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX appointments_by_hold_token ON appointments (hold_token) WHERE hold_token IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX appointments_on_hold ON appointments (hold_until) WHERE hold_until IS NOT NULL;

-- Requests that were carried out, so that they are not when they come again. A row is written in the transaction of
-- the change itself. No words of people are in it.
CREATE TABLE idempotency_keys (
    user_id        uuid        NOT NULL,
    -- The RPC.
    method         text        NOT NULL,
    -- What the caller calls the request.
    key            text        NOT NULL,
    -- SHA-256 of the request.
    fingerprint    bytea       NOT NULL,
    appointment_id uuid        NOT NULL,
    -- The encoded answer, without notes and tokens.
    answer         bytea       NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, method, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
