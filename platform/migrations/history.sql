-- Which versions of the tables that every service has were ever made here: a digest of their definitions each. Whoever
-- waits for its tables looks for its own.
CREATE TABLE IF NOT EXISTS platform_history (
    digest     text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
