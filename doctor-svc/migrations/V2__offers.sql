ALTER TABLE doctors ADD COLUMN max_daily_visits integer NOT NULL DEFAULT 0;
ALTER TABLE doctors ADD CONSTRAINT doctors_max_daily_visits CHECK (max_daily_visits >= 0) NOT VALID;

-- The clinic as a whole: one row, which a change of places, holidays or visit types locks.
CREATE TABLE clinic (
    id            boolean PRIMARY KEY DEFAULT true,
    -- Of what is on offer, as it is here; the calendar may be ahead while a narrowing is under way.
    rules_version bigint  NOT NULL,
    CONSTRAINT clinic_is_one CHECK (id)
);

INSERT INTO clinic (rules_version) VALUES (nextval('rules_version'));

CREATE TABLE locations (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL,
    time_zone  text        NOT NULL,
    address    text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL
);

CREATE TABLE rooms (
    id          uuid PRIMARY KEY,
    location_id uuid NOT NULL REFERENCES locations,
    name        text NOT NULL
);

CREATE INDEX rooms_of_location ON rooms (location_id);

CREATE TABLE holidays (
    id          uuid PRIMARY KEY,
    date        date NOT NULL,
    name        text NOT NULL,
    -- Everywhere when absent.
    location_id uuid REFERENCES locations
);

CREATE INDEX holidays_by_date ON holidays (date);
CREATE INDEX holidays_of_location ON holidays (location_id);

CREATE TABLE visit_types (
    id                        uuid        PRIMARY KEY,
    name                      text        NOT NULL,
    description               text,
    duration_minutes          integer     NOT NULL,
    buffer_before_minutes     integer     NOT NULL,
    buffer_after_minutes      integer     NOT NULL,
    -- The duration when 0.
    interval_minutes          integer     NOT NULL,
    min_notice_minutes        integer     NOT NULL,
    horizon_days              integer     NOT NULL,
    -- In the smallest unit of the currency.
    price_minor               bigint      NOT NULL,
    currency                  text,
    modality                  text        NOT NULL,
    capacity                  integer     NOT NULL,
    needs_room                boolean     NOT NULL,
    pack                      boolean     NOT NULL,
    needs_approval            boolean     NOT NULL,
    max_overbook              integer     NOT NULL,
    cancel_notice_minutes     integer     NOT NULL,
    reschedule_notice_minutes integer     NOT NULL,
    -- Without limit when absent.
    max_reschedules           integer,
    late_cancel               text        NOT NULL,
    no_show_grace_minutes     integer     NOT NULL,
    -- Every doctor when empty.
    doctor_ids                uuid[]      NOT NULL,
    is_active                 boolean     NOT NULL,
    created_at                timestamptz NOT NULL,
    updated_at                timestamptz NOT NULL,
    version                   bigint      NOT NULL,
    CONSTRAINT visit_types_duration CHECK (duration_minutes BETWEEN 5 AND 480 AND duration_minutes % 5 = 0),
    CONSTRAINT visit_types_price CHECK (price_minor >= 0 AND (price_minor > 0) = (currency IS NOT NULL))
);

CREATE UNIQUE INDEX visit_types_name ON visit_types (lower(name)) WHERE is_active;

ALTER TABLE availabilities ADD COLUMN location_id uuid;
ALTER TABLE availabilities ADD COLUMN valid_from date;
ALTER TABLE availabilities ADD COLUMN valid_until date;
-- Pairs of start and end, in seconds as those of the hours.
ALTER TABLE availabilities ADD COLUMN breaks jsonb NOT NULL DEFAULT '[]';

ALTER TABLE availabilities
    ADD CONSTRAINT availabilities_location FOREIGN KEY (location_id) REFERENCES locations NOT VALID;

ALTER TABLE availabilities
    ADD CONSTRAINT availabilities_validity CHECK (valid_from <= valid_until) NOT VALID;

-- Hours may end on the next day: up to a day after they start.
ALTER TABLE availabilities DROP CONSTRAINT availabilities_hours;
ALTER TABLE availabilities
    ADD CONSTRAINT availabilities_hours
    CHECK (0 <= start_second AND start_second < 86400 AND start_second < end_second AND end_second <= start_second + 86400)
    NOT VALID;

-- Those that hold at once. What reaches into the next day of the week is refused under the doctor's lock.
ALTER TABLE availabilities DROP CONSTRAINT availabilities_no_overlap;
-- An exclusion constraint cannot be added without a look at every row.
ALTER TABLE availabilities
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT availabilities_no_overlap EXCLUDE USING gist
        (doctor_id WITH =, day_of_week WITH =, int4range(start_second, end_second) WITH &&,
         daterange(valid_from, valid_until, '[]') WITH &&);

-- What replaces the weekly hours on one date; closed when there are no hours of it.
CREATE TABLE availability_overrides (
    doctor_id uuid NOT NULL REFERENCES doctors,
    date      date NOT NULL,
    PRIMARY KEY (doctor_id, date)
);

CREATE TABLE override_hours (
    doctor_id    uuid    NOT NULL,
    date         date    NOT NULL,
    -- Seconds since the midnight at which the date begins; the end may lie on the next.
    start_second integer NOT NULL,
    end_second   integer NOT NULL,
    location_id  uuid,
    PRIMARY KEY (doctor_id, date, start_second),
    CONSTRAINT override_hours_override FOREIGN KEY (doctor_id, date)
        REFERENCES availability_overrides ON DELETE CASCADE,
    CONSTRAINT override_hours_location FOREIGN KEY (location_id) REFERENCES locations,
    CONSTRAINT override_hours_hours CHECK
        (0 <= start_second AND start_second < 86400 AND start_second < end_second AND end_second <= start_second + 86400)
);

CREATE INDEX override_hours_at_location ON override_hours (location_id);

CREATE TABLE time_off (
    id        uuid        PRIMARY KEY,
    doctor_id uuid        NOT NULL REFERENCES doctors,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    reason    text,
    CONSTRAINT time_off_lasts CHECK (starts_at < ends_at)
);

CREATE INDEX time_off_of_doctor ON time_off (doctor_id, ends_at);

-- As for doctors: attempts to take something away from what the clinic offers.
CREATE TABLE clinic_narrowings (
    id       uuid        PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Calendars learn what doctors could not say before: each is published again, as after a change that was cut off.
INSERT INTO narrowings (id, doctor_id) SELECT gen_random_uuid(), id FROM doctors WHERE deleted_at IS NULL;
