-- Requests about series have names, too. The release before has none of these, and looks for rows with a visit only.
ALTER TABLE idempotency_keys
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN appointment_id DROP NOT NULL,
    ADD COLUMN series_id uuid;
