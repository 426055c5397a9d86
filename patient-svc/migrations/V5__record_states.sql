-- What a revision says besides its words. Revisions before these columns were signed when they were written.
ALTER TABLE medical_record_revisions
    -- None for those before, and for those of replicas that know no states.
    ADD COLUMN state text,
    ADD COLUMN cosigner_doctor_id uuid,
    ADD COLUMN confidentiality text NOT NULL DEFAULT 'normal',
    ADD COLUMN is_withheld boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT revisions_state
        CHECK (state IN ('draft', 'signed', 'amended', 'entered_in_error')) NOT VALID,
    ADD CONSTRAINT revisions_confidentiality
        CHECK (confidentiality IN ('normal', 'restricted', 'very_restricted')) NOT VALID;

-- Whoever signed a revision besides its author. Only ever added to.
CREATE TABLE cosignatures (
    record_id uuid NOT NULL,
    revision  integer NOT NULL,
    doctor_id uuid NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (record_id, revision),
    FOREIGN KEY (record_id, revision) REFERENCES medical_record_revisions
);

CREATE TRIGGER cosignatures_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignatures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The runtime role, whatever its name, may read and add.
DO $$
DECLARE
    role_name text;
BEGIN
    FOR role_name IN
        SELECT DISTINCT acl.grantee::regrole::text
          FROM pg_class, aclexplode(relacl) AS acl
         WHERE pg_class.oid = 'cosignatures'::regclass
           AND acl.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON cosignatures FROM ' || role_name;
    END LOOP;
END $$;
