-- Programs of others that log in by themselves (RFC 6749, section 4.4).
CREATE TABLE api_clients (
    id          uuid PRIMARY KEY,
    name        text        NOT NULL,
    scopes      text[]      NOT NULL,
    -- Proves itself by assertions that this key verifies (JWK, RFC 7523); by secrets when null.
    public_key  text,
    created_by  uuid        NOT NULL REFERENCES users (id),
    created_at  timestamptz NOT NULL,
    disabled_at timestamptz
);

-- By the SHA-256 of the secret. The one before goes on for a while.
CREATE TABLE api_client_secrets (
    client_id  uuid        NOT NULL REFERENCES api_clients (id),
    digest     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (client_id, digest)
);

-- Assertions that were used, until they expire.
CREATE TABLE api_client_assertions (
    client_id  uuid        NOT NULL REFERENCES api_clients (id),
    jti        text        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti)
);

CREATE INDEX api_client_assertions_expiry ON api_client_assertions (expires_at);
