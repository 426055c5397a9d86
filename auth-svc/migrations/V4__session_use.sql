-- What the owner of a session is shown of it. Sessions that the release before begins or renews have neither.
ALTER TABLE sessions
    -- When its tokens were renewed last.
    ADD COLUMN used_at timestamptz,
    ADD COLUMN user_agent text;
