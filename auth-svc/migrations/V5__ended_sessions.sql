-- Those that ended lately are looked for every second.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
