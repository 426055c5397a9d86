-- Where events are posted to. Secrets are sealed with a key that the database does not have.
CREATE TABLE webhook_endpoints (
    id                  uuid PRIMARY KEY,
    url                 text        NOT NULL,
    description         text,
    -- Routing keys, or all of a kind: `appointment.*`.
    events              text[]      NOT NULL,
    -- Enabled when null.
    disabled_reason     text CHECK (disabled_reason IN ('admin', 'gone', 'failing')),
    secret              bytea       NOT NULL,
    -- Signs beside the other until then.
    previous_secret     bytea,
    previous_expires_at timestamptz,
    -- Since when no attempt has succeeded.
    failing_since       timestamptz,
    version             bigint      NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT webhook_endpoints_previous CHECK ((previous_secret IS NULL) = (previous_expires_at IS NULL))
);

-- One event for one endpoint, with the bytes that every attempt posts.
CREATE TABLE webhook_deliveries (
    id              uuid PRIMARY KEY,
    endpoint_id     uuid        NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
    event_id        uuid        NOT NULL,
    event_type      text        NOT NULL,
    subject         uuid        NOT NULL,
    occurred_at     timestamptz NOT NULL,
    body            text        NOT NULL,
    state           text        NOT NULL
        CHECK (state IN ('pending', 'sending', 'delivered', 'failed', 'cancelled')),
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    -- Until then one sender has it for itself; afterwards it is tried again.
    leased_until    timestamptz,
    last_status     integer,
    last_error      text,
    settled_at      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- However often an event comes from the broker.
    CONSTRAINT webhook_deliveries_once UNIQUE (endpoint_id, event_id),
    CONSTRAINT webhook_deliveries_pending CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT webhook_deliveries_sending CHECK ((state = 'sending') = (leased_until IS NOT NULL)),
    CONSTRAINT webhook_deliveries_settled
        CHECK ((state IN ('delivered', 'failed', 'cancelled')) = (settled_at IS NOT NULL))
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (endpoint_id, leased_until) WHERE state = 'sending';
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (endpoint_id, state, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (settled_at) WHERE settled_at IS NOT NULL;
