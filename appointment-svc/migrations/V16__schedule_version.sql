-- Grows when a visit takes place at another time, with another doctor or elsewhere, whichever release moves it: what was
-- planned for the version before is void.
ALTER TABLE appointments ADD COLUMN schedule_version bigint NOT NULL DEFAULT 1;

CREATE FUNCTION count_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.schedule_version := OLD.schedule_version + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER schedule_is_counted BEFORE UPDATE OF start_time, doctor_id, location_id ON appointments
    FOR EACH ROW
    WHEN ((OLD.start_time, OLD.doctor_id, OLD.location_id)
          IS DISTINCT FROM (NEW.start_time, NEW.doctor_id, NEW.location_id))
    EXECUTE FUNCTION count_schedule();
