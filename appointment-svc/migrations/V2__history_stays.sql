-- Every change of every visit, for good: it is only ever added to. Holds for the owner as well.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of visits is only ever added to';
END $$;

CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON appointment_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The runtime role, whatever its name, may read and add.
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
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON appointment_events FROM ' || role_name;
    END LOOP;
END $$;
