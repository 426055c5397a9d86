-- Visits of one patient to one doctor that recur at one civil time.
CREATE TABLE series (
    id               uuid PRIMARY KEY,
    patient_id       uuid        NOT NULL,
    doctor_id        uuid        NOT NULL,
    visit_type_id    uuid,
    -- RFC 5545, as it was booked; what became of the visits is with them.
    rrule            text        NOT NULL,
    -- The civil start of the first visit as it was booked, in the zone of the place.
    start_local      timestamp   NOT NULL,
    time_zone        text        NOT NULL,
    duration_minutes integer     NOT NULL CHECK (duration_minutes BETWEEN 5 AND 480),
    -- From this occurrence on it was cancelled.
    ended_from_local timestamp,
    created_by       uuid        NOT NULL,
    version          bigint      NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX series_by_patient ON series (patient_id, id);
CREATE INDEX series_by_doctor ON series (doctor_id, id);

ALTER TABLE appointments
    ADD COLUMN series_id        uuid,
    -- The civil start by the rule, also when the visit alone is moved.
    ADD COLUMN occurrence_local timestamp;

-- No row has a series yet.
ALTER TABLE appointments
    -- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint
    ADD CONSTRAINT appointments_series_id_fkey FOREIGN KEY (series_id) REFERENCES series (id),
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT appointments_series_place CHECK ((series_id IS NULL) = (occurrence_local IS NULL));

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX appointments_by_series ON appointments (series_id, start_time, id) WHERE series_id IS NOT NULL;
