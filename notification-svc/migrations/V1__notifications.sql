-- Messages, one row for each recipient of each change of a visit. Neither addresses nor text are kept.
CREATE TABLE notifications (
    id                  uuid PRIMARY KEY,
    appointment_id      uuid        NOT NULL,
    appointment_version bigint      NOT NULL,
    kind                text        NOT NULL CHECK (kind IN ('booked', 'rescheduled', 'cancelled', 'status_changed')),
    -- Where the visit stood after the change.
    visit_status        text        NOT NULL
        CHECK (visit_status IN ('scheduled', 'confirmed', 'completed', 'cancelled', 'no_show')),
    recipient_kind      text        NOT NULL CHECK (recipient_kind IN ('patient', 'doctor')),
    recipient_id        uuid        NOT NULL,
    state               text        NOT NULL
        CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'superseded', 'skipped')),
    attempts            integer     NOT NULL DEFAULT 0,
    next_attempt_at     timestamptz,
    -- Until then one sender has the message for itself; afterwards it is tried again.
    leased_until        timestamptz,
    sent_at             timestamptz,
    last_error          text,
    -- The trace of the event, which sending continues.
    traceparent         text,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- However often an event is delivered, nobody is told twice.
    CONSTRAINT notifications_once UNIQUE (appointment_id, appointment_version, kind, recipient_kind),
    CONSTRAINT notifications_pending CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT notifications_sending CHECK ((state = 'sending') = (leased_until IS NOT NULL)),
    CONSTRAINT notifications_sent CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);

CREATE INDEX notifications_due ON notifications (next_attempt_at) WHERE state = 'pending';
CREATE INDEX notifications_leased ON notifications (leased_until) WHERE state = 'sending';
CREATE INDEX notifications_by_state ON notifications (state, id);
