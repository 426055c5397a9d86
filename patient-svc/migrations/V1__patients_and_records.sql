-- Numbers for what the calendar is told of a patient: whatever is told later has the larger one.
CREATE SEQUENCE party_versions AS bigint;

CREATE TABLE patients (
    id                 uuid PRIMARY KEY,
    -- Sorted as people sort names, whatever the database's own collation is.
    first_name         text COLLATE "und-x-icu" NOT NULL CHECK (first_name <> ''),
    last_name          text COLLATE "und-x-icu" NOT NULL CHECK (last_name <> ''),
    date_of_birth      date NOT NULL CHECK (date_of_birth >= '1900-01-01'),
    email              text,
    phone              text,
    address            text,
    insurance_provider text,
    insurance_id       text,
    -- [{"system": …, "value": …}]; who owns which is kept in `identifiers`.
    identifiers        jsonb NOT NULL DEFAULT '[]',
    gender             text CHECK (gender IN ('female', 'male', 'other', 'unknown')),
    language           text,
    time_zone          text,
    contact_preference text NOT NULL CHECK (contact_preference IN ('email', 'phone', 'none')),
    version            bigint NOT NULL DEFAULT 1,
    party_version      bigint NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    deleted_at         timestamptz,
    -- What a search looks at, a line each: name, e-mail, phone as written and as digits, identifiers.
    search_text        text NOT NULL GENERATED ALWAYS AS (lower(
        first_name || ' ' || last_name
        || E'\n' || coalesce(email, '')
        || E'\n' || coalesce(phone, '')
        || E'\n' || coalesce(regexp_replace(phone, '[^0-9]', '', 'g'), '')
        || E'\n' || jsonb_path_query_array(identifiers, '$[*].value')::text
    )) STORED,
    -- What a doctor's search looks at: the same, but of the identifiers only the clinic's own, which doctors see.
    -- Whoever finds by a part of a value can read the value. Without an index: a doctor's patients are few.
    panel_search_text  text NOT NULL GENERATED ALWAYS AS (lower(
        first_name || ' ' || last_name
        || E'\n' || coalesce(email, '')
        || E'\n' || coalesce(phone, '')
        || E'\n' || coalesce(regexp_replace(phone, '[^0-9]', '', 'g'), '')
        || E'\n' || jsonb_path_query_array(
            identifiers, '$[*] ? (@.system like_regex "^mrn$" flag "i").value')::text
    )) STORED
);

CREATE INDEX patients_by_name ON patients (last_name, first_name, id) WHERE deleted_at IS NULL;
CREATE INDEX patients_search ON patients USING gin (search_text gin_trgm_ops) WHERE deleted_at IS NULL;

-- Identifiers of patients who were not deleted: each belongs to one.
CREATE TABLE identifiers (
    system     text NOT NULL,
    value      text NOT NULL,
    patient_id uuid NOT NULL REFERENCES patients
);

CREATE UNIQUE INDEX identifiers_one_owner ON identifiers (lower(system), lower(value));
CREATE INDEX identifiers_of_patient ON identifiers (patient_id);

-- Attempts to remove a patient. A row is written before the calendar is asked and goes with the removal
-- itself; one that is left behind means that the calendar may know something that did not happen.
CREATE TABLE removals (
    id         uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patients,
    -- When the attempt is certainly over.
    settle_at  timestamptz NOT NULL
);

CREATE INDEX removals_to_settle ON removals (settle_at);

-- Wrapped by a key derived from the root secret. Deleting a row erases what was sealed under it.
CREATE TABLE data_keys (
    id         uuid PRIMARY KEY,
    patient_id uuid NOT NULL UNIQUE REFERENCES patients,
    wrapped    bytea NOT NULL
);

CREATE TABLE medical_records (
    id               uuid PRIMARY KEY,
    patient_id       uuid NOT NULL REFERENCES patients,
    appointment_id   uuid,
    author_doctor_id uuid NOT NULL,
    -- The latest.
    revision         integer NOT NULL CHECK (revision >= 1),
    created_at       timestamptz NOT NULL
);

CREATE INDEX medical_records_of_patient ON medical_records (patient_id, id);
CREATE INDEX medical_records_of_visit ON medical_records (appointment_id, id) WHERE appointment_id IS NOT NULL;

-- Only ever added to. `key_id` leads to no row once the key was erased.
CREATE TABLE medical_record_revisions (
    record_id  uuid NOT NULL REFERENCES medical_records,
    revision   integer NOT NULL CHECK (revision >= 1),
    key_id     uuid NOT NULL,
    sealed     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (record_id, revision)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'revisions are only ever added to';
END $$;

-- Holds for the owner as well.
CREATE TRIGGER revisions_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON medical_record_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The runtime role, whatever its name, may read and add.
DO $$
DECLARE
    role_name text;
BEGIN
    FOR role_name IN
        SELECT DISTINCT acl.grantee::regrole::text
          FROM pg_class, aclexplode(relacl) AS acl
         WHERE pg_class.oid = 'medical_record_revisions'::regclass
           AND acl.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE 'REVOKE UPDATE, DELETE, TRUNCATE ON medical_record_revisions FROM ' || role_name;
    END LOOP;
END $$;
