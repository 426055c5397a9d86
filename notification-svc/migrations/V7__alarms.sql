-- Messages to those who watch that a doctor broke the glass, among the others by inheritance as those about offers are:
-- see V3. Neither the patient nor the reason is kept.
CREATE TABLE alarm_notifications (
    grant_id                 uuid        NOT NULL,
    doctor_id                uuid        NOT NULL,
    broken_at                timestamptz NOT NULL,
    includes_very_restricted boolean     NOT NULL,
    PRIMARY KEY (id),
    -- However often an event is delivered, nobody is told twice.
    CONSTRAINT alarm_notifications_once UNIQUE (grant_id, recipient_id),
    CONSTRAINT alarm_notifications_kind CHECK (kind = 'glass_broken'),
    -- A contact is an address of the settings, by an id that is made of it.
    CONSTRAINT alarm_notifications_recipient CHECK (recipient_kind IN ('account', 'contact'))
) INHERITS (messages);

CREATE INDEX alarm_notifications_due ON alarm_notifications (next_attempt_at) WHERE state = 'pending';
CREATE INDEX alarm_notifications_leased ON alarm_notifications (leased_until) WHERE state = 'sending';
CREATE INDEX alarm_notifications_by_state ON alarm_notifications (state, id);
