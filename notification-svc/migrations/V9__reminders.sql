-- Reminders of visits, among the other messages by inheritance as those about offers are: see V3. They are written long
-- before they are due.
CREATE TABLE reminder_notifications (
    appointment_id   uuid        NOT NULL,
    -- Of the visit when it was planned.
    schedule_version bigint      NOT NULL,
    -- How long before the visit.
    offset_minutes   integer     NOT NULL,
    -- By that version.
    visit_starts_at  timestamptz NOT NULL,
    -- That long before the visit, but for quiet hours.
    due_at           timestamptz NOT NULL,
    PRIMARY KEY (id),
    -- However often a visit is looked at, nobody is reminded twice.
    CONSTRAINT reminder_notifications_once UNIQUE (appointment_id, schedule_version, offset_minutes, recipient_id),
    CONSTRAINT reminder_notifications_kind CHECK (kind = 'reminder'),
    CONSTRAINT reminder_notifications_recipient CHECK (recipient_kind = 'patient'),
    CONSTRAINT reminder_notifications_offset CHECK (offset_minutes > 0),
    CONSTRAINT reminder_notifications_due CHECK (due_at < visit_starts_at)
) INHERITS (messages);

CREATE INDEX reminder_notifications_pending ON reminder_notifications (next_attempt_at) WHERE state = 'pending';
CREATE INDEX reminder_notifications_leased ON reminder_notifications (leased_until) WHERE state = 'sending';
CREATE INDEX reminder_notifications_by_state ON reminder_notifications (state, id);

-- Up to which version of a visit its reminders are planned: who looked at it earlier, and writes later, changes nothing.
CREATE TABLE reminder_plans (
    appointment_id      uuid   PRIMARY KEY,
    appointment_version bigint NOT NULL
);

-- What patients want to be told of; those who are not here want everything, and the usual quiet hours.
CREATE TABLE preferences (
    patient_id       uuid        PRIMARY KEY,
    -- What is not sent by e-mail.
    email_off        text[]      NOT NULL DEFAULT '{}'
        CHECK (email_off <@ ARRAY['visit_changes', 'reminders', 'offers']),
    -- The usual ones while they are not chosen; none when they are, and are absent.
    is_quiet_chosen  boolean     NOT NULL DEFAULT false,
    quiet_from       time,
    quiet_until      time,
    version          bigint      NOT NULL DEFAULT 1,
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT preferences_quiet CHECK
        ((quiet_from IS NULL) = (quiet_until IS NULL) AND (is_quiet_chosen OR quiet_from IS NULL))
);
