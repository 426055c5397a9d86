-- Messages about accounts, among the others by inheritance as those about offers are: see V3.
CREATE TABLE account_notifications (
    -- The event that told of it.
    event_id uuid NOT NULL,
    -- What the recipient is to send back is asked for when the message is sent.
    token_id uuid,
    PRIMARY KEY (id),
    -- However often an event is delivered, nobody is told twice.
    CONSTRAINT account_notifications_once UNIQUE (event_id),
    CONSTRAINT account_notifications_recipient CHECK (recipient_kind = 'account')
) INHERITS (messages);

CREATE INDEX account_notifications_due ON account_notifications (next_attempt_at) WHERE state = 'pending';
CREATE INDEX account_notifications_leased ON account_notifications (leased_until) WHERE state = 'sending';
CREATE INDEX account_notifications_by_state ON account_notifications (state, id);
