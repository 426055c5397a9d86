-- Requests wait for an answer. Of what happens in the house, and of what expired, nobody is told. The rows that are
-- there obey already.
ALTER TABLE notifications
    DROP CONSTRAINT notifications_visit_status_check,
    ADD CONSTRAINT notifications_visit_status_check
        CHECK (visit_status IN ('requested', 'scheduled', 'confirmed', 'completed', 'cancelled', 'no_show'))
        NOT VALID;
