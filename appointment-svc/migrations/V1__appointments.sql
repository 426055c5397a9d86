-- What each doctor offers, as doctor-svc last said. The row is what a booking locks.
CREATE TABLE calendars (
    doctor_id    uuid PRIMARY KEY,
    -- Larger for every later state of the rules.
    version      bigint  NOT NULL,
    is_active    boolean NOT NULL,
    time_zone    text    NOT NULL,
    slot_minutes integer NOT NULL CHECK (slot_minutes BETWEEN 5 AND 480),
    -- [{"day": 0…6 from Monday, "start": seconds of day, "end": seconds of day}]
    windows      jsonb   NOT NULL
);

-- Who may be booked, as patient-svc last said.
CREATE TABLE parties (
    patient_id uuid PRIMARY KEY,
    version    bigint  NOT NULL,
    is_active  boolean NOT NULL
);

CREATE TYPE appointment_status AS ENUM ('scheduled', 'confirmed', 'completed', 'cancelled', 'no_show');

CREATE TABLE appointments (
    id            uuid PRIMARY KEY,
    patient_id    uuid        NOT NULL,
    doctor_id     uuid        NOT NULL,
    start_time    timestamptz NOT NULL,
    end_time      timestamptz NOT NULL CHECK (start_time < end_time),
    -- The clinic's zone and the local start in it: what was agreed, should the zone's rules change.
    time_zone     text        NOT NULL,
    start_local   timestamp   NOT NULL,
    status        appointment_status NOT NULL,
    notes         text        NOT NULL DEFAULT '',
    -- The version of the doctor's rules that it was booked under; 0 for imported visits.
    rules_version bigint      NOT NULL,
    -- Whether the patient or the reception stands behind it; a visit that only the doctor entered opens no chart.
    is_vouched    boolean     NOT NULL,
    version       bigint      NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX appointments_by_start ON appointments (start_time, id);
CREATE INDEX appointments_by_doctor ON appointments (doctor_id, start_time, id);
CREATE INDEX appointments_by_patient ON appointments (patient_id, start_time, id);
CREATE INDEX appointments_care ON appointments (doctor_id, patient_id, start_time) WHERE is_vouched AND status <> 'cancelled';

-- The time a visit takes from a doctor and from its patient. The two constraints are the proof that nobody is
-- ever in two visits at once, whatever the code does.
CREATE TABLE claims (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    appointment_id uuid        NOT NULL REFERENCES appointments (id),
    -- The doctor.
    resource_id    uuid        NOT NULL,
    -- 0 to capacity - 1.
    lane           smallint    NOT NULL DEFAULT 0,
    patient_id     uuid        NOT NULL,
    busy_from      timestamptz NOT NULL,
    busy_until     timestamptz NOT NULL,
    busy           tstzrange   NOT NULL GENERATED ALWAYS AS (tstzrange(busy_from, busy_until, '[)')) STORED,
    -- False once the time is free again.
    active         boolean     NOT NULL DEFAULT true,
    CHECK (busy_from < busy_until),
    CONSTRAINT no_double_booking EXCLUDE USING gist (resource_id WITH =, lane WITH =, busy WITH &&) WHERE (active),
    CONSTRAINT no_patient_overlap EXCLUDE USING gist (patient_id WITH =, busy WITH &&) WHERE (active)
);

CREATE INDEX claims_by_appointment ON claims (appointment_id) WHERE active;

-- Every change of every visit; never updated or deleted.
CREATE TABLE appointment_events (
    appointment_id uuid        NOT NULL REFERENCES appointments (id),
    version        bigint      NOT NULL,
    kind           text        NOT NULL,
    from_status    appointment_status,
    to_status      appointment_status NOT NULL,
    start_time     timestamptz NOT NULL,
    end_time       timestamptz NOT NULL,
    actor_id       uuid        NOT NULL,
    actor_role     text        NOT NULL,
    at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (appointment_id, version)
);
