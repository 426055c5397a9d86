-- Since when a visit stands where it stands; the last change where an older release wrote it.
ALTER TABLE appointments ADD COLUMN status_since timestamptz;
ALTER TABLE appointments
    ALTER COLUMN status_since SET DEFAULT clock_timestamp(),
    -- What the last change was, as in the history; empty while there was none, or when an older release made it.
    ADD COLUMN last_change text NOT NULL DEFAULT '';

-- What a visit was besides, after each change: what taking back the next one restores.
ALTER TABLE appointment_events
    ADD COLUMN is_vouched       boolean,
    ADD COLUMN cancel_reason    text    NOT NULL DEFAULT '',
    ADD COLUMN is_late_cancel   boolean NOT NULL DEFAULT false,
    ADD COLUMN reschedule_count integer NOT NULL DEFAULT 0;

-- Visits of which nobody has said yet how they ended. Few of all, and looked for among those of years.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX appointments_unresolved ON appointments (start_time, id)
    WHERE status IN ('scheduled', 'confirmed', 'arrived', 'checked_in', 'in_progress');
