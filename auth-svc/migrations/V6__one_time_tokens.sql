-- Tokens that work once, by the SHA-256 of what their owner has. What is mailed is nowhere: it is computed from id and
-- nonce with a key that the database does not have.
CREATE TABLE one_time_tokens (
    id         uuid PRIMARY KEY,
    kind       text        NOT NULL
        CHECK (kind IN ('password_reset', 'email_verification', 'invitation', 'patient_claim')),
    -- The account; of a claim, the patient record.
    subject_id uuid        NOT NULL,
    digest     bytea       NOT NULL,
    -- Of those that are mailed.
    nonce      bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE UNIQUE INDEX one_time_tokens_digest ON one_time_tokens (digest);
-- A new one takes the place of the one before.
CREATE UNIQUE INDEX one_time_tokens_open ON one_time_tokens (kind, subject_id) WHERE used_at IS NULL;
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);

-- Addresses whose owners want another password, until somebody looks whether there is an account: whoever asks must
-- not learn that from how long it takes.
CREATE TABLE password_reset_requests (
    email        text PRIMARY KEY,
    requested_at timestamptz NOT NULL
);
