-- One log-in of an account, with all the tokens that came of it.
CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id),
    started_at timestamptz NOT NULL,
    -- Over when it was not used until then; moves with every refresh.
    idles_at   timestamptz NOT NULL,
    -- Over in any case.
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);

CREATE INDEX sessions_open ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Refresh tokens by the SHA-256 of their secrets. Spent ones are kept as long as their session, so that using
-- one again is told from guessing.
CREATE TABLE refresh_tokens (
    digest     bytea PRIMARY KEY,
    session_id uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    spent_at   timestamptz
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
