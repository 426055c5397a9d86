-- Calendars that programs of patients and doctors subscribe to, one of each at most.
CREATE TABLE calendar_feeds (
    owner_kind text        NOT NULL CHECK (owner_kind IN ('doctor', 'patient')),
    owner_id   uuid        NOT NULL,
    -- SHA-256 of the secret in its address, which is told once.
    token_hash bytea       NOT NULL CHECK (octet_length(token_hash) = 32),
    -- What visits are called.
    titles     text        NOT NULL CHECK (titles IN ('private', 'visit_type')),
    -- Since when it has this address.
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- To the minute.
    fetched_at timestamptz,
    PRIMARY KEY (owner_kind, owner_id),
    CONSTRAINT calendar_feeds_token UNIQUE (token_hash)
);
