-- Whoever asked for a visit is told that nobody answered in time. The rows that are there obey already.
ALTER TABLE notifications
    DROP CONSTRAINT notifications_visit_status_check,
    ADD CONSTRAINT notifications_visit_status_check
        CHECK (visit_status IN ('requested', 'scheduled', 'confirmed', 'completed', 'cancelled', 'no_show', 'expired'))
        NOT VALID;
