-- The private keys of access tokens, sealed with a key derived from the root secret.
CREATE TABLE signing_keys (
    id         uuid PRIMARY KEY,
    sealed     bytea       NOT NULL,
    created_at timestamptz NOT NULL
);
