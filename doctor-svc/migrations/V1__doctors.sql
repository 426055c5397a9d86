-- One number for every attempt to change what a doctor offers, so that a later attempt is always the larger.
CREATE SEQUENCE rules_version AS bigint;

CREATE TABLE doctors (
    id             uuid        PRIMARY KEY,
    first_name     text        NOT NULL,
    last_name      text        NOT NULL,
    email          text        NOT NULL,
    phone          text,
    specialization text        NOT NULL,
    time_zone      text        NOT NULL,
    languages      text[]      NOT NULL,
    bio            text,
    slot_minutes   integer     NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    deleted_at     timestamptz,
    version        bigint      NOT NULL,
    -- Of the rules as they are here; the calendar may be ahead while a narrowing is under way.
    rules_version  bigint      NOT NULL,
    CONSTRAINT doctors_slot_minutes CHECK (slot_minutes BETWEEN 5 AND 480 AND slot_minutes % 5 = 0)
);

CREATE UNIQUE INDEX doctors_live_email ON doctors (email) WHERE deleted_at IS NULL;
CREATE INDEX doctors_by_name ON doctors (last_name, first_name, id) WHERE deleted_at IS NULL;
CREATE INDEX doctors_by_specialization
    ON doctors (lower(specialization), last_name, first_name, id) WHERE deleted_at IS NULL;

CREATE TABLE availabilities (
    id           uuid     PRIMARY KEY,
    doctor_id    uuid     NOT NULL REFERENCES doctors,
    -- 0 is Monday.
    day_of_week  smallint NOT NULL,
    -- Seconds since midnight in the doctor's zone; the end may be midnight at the end of the day.
    start_second integer  NOT NULL,
    end_second   integer  NOT NULL,
    is_available boolean  NOT NULL,
    CONSTRAINT availabilities_day CHECK (day_of_week BETWEEN 0 AND 6),
    CONSTRAINT availabilities_hours CHECK (0 <= start_second AND start_second < end_second AND end_second <= 86400),
    CONSTRAINT availabilities_no_overlap EXCLUDE USING gist
        (doctor_id WITH =, day_of_week WITH =, int4range(start_second, end_second) WITH &&)
);

CREATE INDEX availabilities_of_doctor ON availabilities (doctor_id, day_of_week, start_second);

-- Attempts to take something away from what a doctor offers, committed before the calendar is asked and removed
-- with the change. One that stays behind may have left the calendar narrower than the rules.
CREATE TABLE narrowings (
    id        uuid        PRIMARY KEY,
    doctor_id uuid        NOT NULL REFERENCES doctors,
    begun_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX narrowings_begun ON narrowings (begun_at);
