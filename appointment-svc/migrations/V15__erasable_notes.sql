-- The history is only ever added to, but for one thing: the words of a change can be blanked, when nobody is to know any
-- more who the patient was.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.note = '' AND to_jsonb(NEW) - 'note' = to_jsonb(OLD) - 'note' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the history of visits is only ever added to';
END $$;

DROP TRIGGER events_stay ON appointment_events;
CREATE TRIGGER events_stay BEFORE DELETE OR TRUNCATE ON appointment_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_are_not_rewritten BEFORE UPDATE ON appointment_events
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();

DO $$
DECLARE
    role_name text;
BEGIN
    FOR role_name IN
        SELECT DISTINCT acl.grantee::regrole::text
          FROM pg_class, aclexplode(relacl) AS acl
         WHERE pg_class.oid = 'appointment_events'::regclass
           AND acl.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE 'GRANT UPDATE (note) ON appointment_events TO ' || role_name;
    END LOOP;
END $$;
