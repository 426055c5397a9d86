-- Messages about free times that are offered. What all messages have is in one table that has no rows of its own and
-- shows those of both: `notifications`, about visits, and `offer_notifications`. So replicas of the release before, which
-- know `notifications` alone, neither send nor list what they could not read, and the columns that they have prepared
-- statements for stay as they are.
CREATE TABLE messages (
    id              uuid PRIMARY KEY,
    kind            text        NOT NULL,
    recipient_kind  text        NOT NULL,
    recipient_id    uuid        NOT NULL,
    state           text        NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    leased_until    timestamptz,
    sent_at         timestamptz,
    last_error      text,
    traceparent     text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT messages_is_empty CHECK (false) NO INHERIT,
    -- As `notifications` has them: what is inherited has one name.
    CONSTRAINT notifications_state_check
        CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'superseded', 'skipped')),
    CONSTRAINT notifications_pending CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT notifications_sending CHECK ((state = 'sending') = (leased_until IS NOT NULL)),
    CONSTRAINT notifications_sent CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);

ALTER TABLE notifications INHERIT messages;

CREATE TABLE offer_notifications (
    offer_id uuid NOT NULL,
    PRIMARY KEY (id),
    -- However often an event is delivered, nobody is told twice.
    CONSTRAINT offer_notifications_once UNIQUE (offer_id),
    CONSTRAINT offer_notifications_kind CHECK (kind = 'offered'),
    CONSTRAINT offer_notifications_recipient CHECK (recipient_kind = 'patient')
) INHERITS (messages);

CREATE INDEX offer_notifications_due ON offer_notifications (next_attempt_at) WHERE state = 'pending';
CREATE INDEX offer_notifications_leased ON offer_notifications (leased_until) WHERE state = 'sending';
CREATE INDEX offer_notifications_by_state ON offer_notifications (state, id);
