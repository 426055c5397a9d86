-- Who may act for a patient: whose account, until when, and whether it shows medical records.
CREATE TABLE proxies (
    id               uuid PRIMARY KEY,
    user_id          uuid        NOT NULL REFERENCES users (id),
    patient_id       uuid        NOT NULL,
    relation         text        NOT NULL CHECK (relation IN ('guardian', 'proxy')),
    may_read_records boolean     NOT NULL,
    granted_by       uuid        NOT NULL REFERENCES users (id),
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz,
    revoked_at       timestamptz
);

CREATE UNIQUE INDEX proxies_granted ON proxies (user_id, patient_id) WHERE revoked_at IS NULL;
CREATE INDEX proxies_patient ON proxies (patient_id, id);

-- In whose place a session acts; null when its owner acts for themselves.
ALTER TABLE sessions
    ADD COLUMN proxy_id uuid,
    ADD COLUMN acting_for uuid,
    ADD CONSTRAINT sessions_acting CHECK ((proxy_id IS NULL) = (acting_for IS NULL)) NOT VALID;

-- Those of a proxy that is withdrawn, and those that have run out, which are looked for every second.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX sessions_acting_open ON sessions (proxy_id, expires_at) WHERE proxy_id IS NOT NULL AND ended_at IS NULL;
