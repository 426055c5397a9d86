-- Patients who wait for a time.
CREATE TABLE waitlist (
    id             uuid PRIMARY KEY,
    patient_id     uuid        NOT NULL,
    visit_type_id  uuid        NOT NULL,
    -- Any of these; everyone who offers the visit type when empty.
    doctor_ids     uuid[]      NOT NULL,
    -- At any of these; anywhere when empty.
    location_ids   uuid[]      NOT NULL,
    -- Civil dates at the place.
    earliest_date  date,
    latest_date    date,
    -- [{"day": 0 for Monday, "start": seconds since midnight, "end": …}]; any time when empty.
    windows        jsonb       NOT NULL,
    -- 1 urgent, 2 soon, 3 routine: the order in which times are offered.
    priority       smallint    NOT NULL CHECK (priority BETWEEN 1 AND 3),
    notice_minutes integer     NOT NULL CHECK (notice_minutes >= 0),
    -- The visit that the patient would have earlier.
    appointment_id uuid REFERENCES appointments (id),
    -- One whose time is over waits no more, whether or not that is written down.
    state          text        NOT NULL CHECK (state IN ('waiting', 'paused', 'fulfilled', 'cancelled', 'expired')),
    -- Offers without an answer since the last that had one.
    unanswered     integer     NOT NULL DEFAULT 0,
    fulfilled_by   uuid REFERENCES appointments (id),
    expires_at     timestamptz NOT NULL,
    created_by     uuid        NOT NULL,
    version        bigint      NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((state = 'fulfilled') = (fulfilled_by IS NOT NULL))
);

CREATE INDEX waitlist_in_order ON waitlist (priority, created_at, id) WHERE state IN ('waiting', 'paused');
CREATE INDEX waitlist_by_end ON waitlist (expires_at) WHERE state IN ('waiting', 'paused');
CREATE INDEX waitlist_by_visit ON waitlist (appointment_id)
    WHERE appointment_id IS NOT NULL AND state IN ('waiting', 'paused');
CREATE INDEX waitlist_by_patient ON waitlist (patient_id, priority, created_at, id);

-- Who was offered what, and why: never deleted.
CREATE TABLE waitlist_offers (
    id                   uuid PRIMARY KEY,
    entry_id             uuid        NOT NULL REFERENCES waitlist (id),
    patient_id           uuid        NOT NULL,
    doctor_id            uuid        NOT NULL,
    visit_type_id        uuid        NOT NULL,
    start_time           timestamptz NOT NULL,
    end_time             timestamptz NOT NULL,
    location_id          uuid,
    time_zone            text        NOT NULL,
    -- What keeps the time; empty when it is offered to several.
    hold_id              uuid,
    state                text        NOT NULL
        CHECK (state IN ('open', 'accepted', 'declined', 'expired', 'withdrawn', 'lost')),
    expires_at           timestamptz NOT NULL,
    offered_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    answered_at          timestamptz,
    -- Its place in the order, as it was then.
    priority             smallint    NOT NULL,
    waiting_since        timestamptz NOT NULL,
    -- Others before it whom this time did not suit.
    passed_over          integer     NOT NULL,
    -- Whose time it was.
    freed_appointment_id uuid,
    -- How many visits moved before it on account of one that was cancelled.
    depth                smallint    NOT NULL,
    CHECK (start_time < end_time),
    CHECK ((state = 'open') = (answered_at IS NULL))
);

CREATE UNIQUE INDEX waitlist_offers_one_open ON waitlist_offers (entry_id) WHERE state = 'open';
CREATE INDEX waitlist_offers_by_entry ON waitlist_offers (entry_id, id);
CREATE INDEX waitlist_offers_by_patient ON waitlist_offers (patient_id, start_time);
CREATE INDEX waitlist_offers_by_doctor ON waitlist_offers (doctor_id, start_time);
CREATE INDEX waitlist_offers_open ON waitlist_offers (expires_at) WHERE state = 'open';
CREATE UNIQUE INDEX waitlist_offers_by_hold ON waitlist_offers (hold_id) WHERE hold_id IS NOT NULL;

-- Times that came free, written in the transaction that freed them, until they have been offered.
CREATE TABLE openings (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A doctor or a room.
    resource_id    uuid        NOT NULL,
    from_time      timestamptz NOT NULL,
    until_time     timestamptz NOT NULL,
    appointment_id uuid,
    depth          smallint    NOT NULL DEFAULT 0,
    -- Whom it would suit has another offer, which runs out then.
    retry_at       timestamptz,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
