-- The roles and schemas of the services, in the database this runs in. Run it as a superuser, or as a role
-- that may create roles and owns the database. Running it again changes nothing.
--
-- Per service: `<name>_owner` owns the schema and migrates it, `<name>_rw` reads and writes its rows.
-- A password is set when the session has it as `healthcare.<role>_password`, for instance
--
--     PGOPTIONS="-c healthcare.auth_rw_password=…" psql -f roles.sql
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;

DO $$
DECLARE
  service text;
  owner text;
  runtime text;
  role text;
  password text;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  REVOKE CREATE ON SCHEMA public FROM PUBLIC;

  FOREACH service IN ARRAY ARRAY['auth', 'patient', 'doctor', 'appointment', 'notification'] LOOP
    owner := service || '_owner';
    runtime := service || '_rw';

    FOREACH role IN ARRAY ARRAY[owner, runtime] LOOP
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
        EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT', role);
      END IF;
      password := current_setting('healthcare.' || role || '_password', true);
      IF password <> '' THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', role, password);
      END IF;
      EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role);
    END LOOP;

    -- Whoever is no superuser can only give a schema to a role that they are a member of.
    IF NOT pg_has_role(current_user, owner, 'USAGE') THEN
      EXECUTE format('GRANT %I TO %I', owner, current_user);
    END IF;
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service, owner);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', service, runtime);
    EXECUTE format(
      'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
      owner, service, runtime);
    EXECUTE format(
      'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I',
      owner, service, runtime);
  END LOOP;
END
$$;
