-- Who has signed the audit log before stays so: the runtime role, whatever its name, adds signers and vouches anew for
-- those there are, and takes none away.
DO $$
DECLARE
    role_name text;
BEGIN
    FOR role_name IN
        SELECT DISTINCT acl.grantee::regrole::text
          FROM pg_class, aclexplode(relacl) AS acl
         WHERE pg_class.oid = 'former_signers'::regclass
           AND acl.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON former_signers FROM ' || role_name;
        EXECUTE 'GRANT UPDATE (vouched) ON former_signers TO ' || role_name;
    END LOOP;
END $$;
