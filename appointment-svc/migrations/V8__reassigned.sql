-- With whom and where a visit was after each change; no doctor where a release before wrote it.
ALTER TABLE appointment_events
    ADD COLUMN doctor_id   uuid,
    ADD COLUMN time_zone   text,
    ADD COLUMN location_id uuid,
    ADD COLUMN room_id     uuid;
