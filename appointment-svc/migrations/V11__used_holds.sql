-- Whoever books with a token for the second time is told so. Visits that the release before makes of holds have none.
ALTER TABLE appointments
    ADD COLUMN booked_with bytea;

-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX appointments_by_booked_with ON appointments (booked_with) WHERE booked_with IS NOT NULL;
