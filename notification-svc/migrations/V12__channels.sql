-- By which way a message goes. What another release writes goes by e-mail, as everything did.
ALTER TABLE messages
    ADD COLUMN channel text NOT NULL DEFAULT 'email',
    ADD CONSTRAINT messages_channel CHECK (channel IN ('email', 'sms')) NOT VALID,
    -- Nobody else is written to in short.
    ADD CONSTRAINT messages_sms CHECK (channel = 'email' OR recipient_kind = 'patient') NOT VALID;

-- One row for each channel. The names stay: another release leaves to them what is there already.
ALTER TABLE notifications
    DROP CONSTRAINT notifications_once,
    -- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
    ADD CONSTRAINT notifications_once
        UNIQUE (appointment_id, appointment_version, kind, recipient_kind, channel);
ALTER TABLE offer_notifications
    DROP CONSTRAINT offer_notifications_once,
    -- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
    ADD CONSTRAINT offer_notifications_once UNIQUE (offer_id, channel);
ALTER TABLE reminder_notifications
    DROP CONSTRAINT reminder_notifications_once,
    -- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
    ADD CONSTRAINT reminder_notifications_once
        UNIQUE (appointment_id, schedule_version, offset_minutes, recipient_id, channel);

-- What is sent by SMS: nothing unless it is asked for.
ALTER TABLE preferences
    ADD COLUMN sms_on text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT preferences_sms_on
        CHECK (sms_on <@ ARRAY['visit_changes', 'reminders', 'offers']) NOT VALID;

-- Whoever asks for reminders by SMS gets those that are planned by then, too.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX reminder_notifications_of_recipient ON reminder_notifications (recipient_id) WHERE state = 'pending';
