-- What an account's authenticator makes its codes from (RFC 6238), sealed with a key derived from the root secret.
CREATE TABLE totp (
    user_id      uuid PRIMARY KEY REFERENCES users (id),
    sealed       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    -- Since when log-ins ask for it. Null until its owner has shown a first code.
    confirmed_at timestamptz,
    -- The 30 seconds since 1970 whose code was taken last: neither it nor one before is taken again.
    last_step    bigint      NOT NULL
);

-- By the SHA-256 of the code: nobody can guess 80 random bits.
CREATE TABLE recovery_codes (
    user_id uuid  NOT NULL REFERENCES totp (user_id) ON DELETE CASCADE,
    digest  bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, digest)
);

-- Log-ins whose password was right and whose code is awaited, by the SHA-256 of their secrets.
CREATE TABLE login_challenges (
    digest      bytea PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users (id),
    user_agent  text,
    wrong_codes smallint    NOT NULL,
    expires_at  timestamptz NOT NULL
);

CREATE INDEX login_challenges_user ON login_challenges (user_id);
CREATE INDEX login_challenges_expiry ON login_challenges (expires_at);

-- Whether a code was shown besides the password. Sessions of the release before have none.
ALTER TABLE sessions ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false;
