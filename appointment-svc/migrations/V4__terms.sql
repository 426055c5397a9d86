-- What the clinic offers, as doctor-svc last said. One row, there from the start.
CREATE TABLE clinic (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Larger for every later state of the rules.
    version bigint  NOT NULL,
    -- {"locations": …, "holidays": …, "visit_types": …}
    rules   jsonb   NOT NULL
);

INSERT INTO clinic (version, rules) VALUES (0, '{}');

-- Besides the weekly hours: {"overrides": …, "absences": …, "max_daily_visits": …, "specialization": …, …}
ALTER TABLE calendars ADD COLUMN extras jsonb NOT NULL DEFAULT '{}';

ALTER TABLE appointments
    ADD COLUMN visit_type_id    uuid,
    ADD COLUMN location_id      uuid,
    ADD COLUMN room_id          uuid,
    -- What held when it was booked: {"policy": …, "modality": …, "price_minor": …, …}
    ADD COLUMN terms            jsonb    NOT NULL DEFAULT '{}',
    ADD COLUMN is_overbooked    boolean  NOT NULL DEFAULT false,
    ADD COLUMN is_late_cancel   boolean  NOT NULL DEFAULT false,
    -- How often the patient moved it.
    ADD COLUMN reschedule_count integer  NOT NULL DEFAULT 0,
    -- Why it was cancelled, as a code.
    ADD COLUMN cancel_reason    text     NOT NULL DEFAULT '',
    -- A free label of the practice.
    ADD COLUMN sub_status       text     NOT NULL DEFAULT '',
    -- Until when a request may be answered.
    ADD COLUMN respond_by       timestamptz,
    -- Until when a hold is kept.
    ADD COLUMN hold_until       timestamptz,
    -- SHA-256 of what whoever holds it knows.
    ADD COLUMN hold_token       bytea,
    ADD COLUMN held_by          uuid,
    ADD COLUMN held_since       timestamptz;

ALTER TABLE appointment_events
    ADD COLUMN reason_code text NOT NULL DEFAULT '',
    ADD COLUMN note        text NOT NULL DEFAULT '';

-- A claim takes more than the visit itself: the times kept free around it. What a patient is in is the visit. A room
-- is claimed in a row without a patient; replicas of the release before pass over those, they read no patient of a claim.
ALTER TABLE claims
    -- squawk-ignore ban-drop-not-null
    ALTER COLUMN patient_id DROP NOT NULL,
    ADD COLUMN visit_from  timestamptz,
    ADD COLUMN visit_until timestamptz,
    -- Those who come at once share it, by visit type and start. Everybody else is alone with the doctor.
    ADD COLUMN session_id  uuid,
    -- Until when it is kept, and for whom; a booked visit keeps its time.
    ADD COLUMN hold_until  timestamptz,
    ADD COLUMN held_by     uuid;

-- Claims are written before the visit, and without it they are rolled back.
ALTER TABLE claims ALTER CONSTRAINT claims_appointment_id_fkey DEFERRABLE INITIALLY DEFERRED;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX claims_by_resource ON claims (resource_id, busy_from) WHERE active;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX claims_by_patient ON claims (patient_id, busy_from) WHERE active;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX claims_on_hold ON claims (resource_id, hold_until) WHERE active AND hold_until IS NOT NULL;

-- Exclusion constraints cannot be added without a look at the table. Lanes from 100 on are for visits that are booked
-- over others on purpose.
ALTER TABLE claims
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT no_patient_in_two_visits EXCLUDE USING gist (
        patient_id WITH =,
        tstzrange(coalesce(visit_from, busy_from), coalesce(visit_until, busy_until), '[)') WITH &&) WHERE (active),
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT no_two_sessions EXCLUDE USING gist (
        resource_id WITH =, coalesce(session_id, appointment_id) WITH <>, busy WITH &&) WHERE (active AND lane < 100),
    DROP CONSTRAINT no_patient_overlap;
