-- The audit log: who did what with whose data. Run it after roles.sql, by the same role, before the services of a
-- release start. Running it again changes nothing.
--
-- Nobody can log in as the owner. Services add entries by `audit.append` and can do nothing else. Whoever may do
-- more, as the superuser of the server may, cannot do it unseen: entries are links of 64 chains, and the ends of the
-- chains are signed and told outside. `patient-svc audit-verify` walks them.
DO $$
DECLARE
  role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['audit_owner', 'audit_ro'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role);
    END IF;
  END LOOP;
  -- Whoever is no superuser can only act for a role that they are a member of; they leave it in the end.
  IF NOT pg_has_role(current_user, 'audit_owner', 'USAGE') THEN
    EXECUTE format('GRANT audit_owner TO %I', current_user);
  END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION audit_owner;

SET ROLE audit_owner;

CREATE TABLE IF NOT EXISTS audit.entries (
  shard          smallint    NOT NULL CHECK (shard BETWEEN 0 AND 63),
  number         bigint      NOT NULL,
  at             timestamptz NOT NULL,
  -- The database role of the process that wrote it.
  writer         text        NOT NULL,
  request_id     text,
  trace_id       text,
  client_address text,
  -- An account; none when a service acts, or nobody has logged in.
  actor_id       uuid,
  -- Of the account; or `service`, `nobody`, `system` for what happens by itself.
  role           text        NOT NULL,
  session_id     uuid,
  -- The service that asked.
  via            text,
  action         text        NOT NULL,
  resource       text        NOT NULL,
  resource_ids   uuid[]      NOT NULL,
  -- Whose data it was about.
  subjects       uuid[]      NOT NULL,
  decision       text        NOT NULL CHECK (decision IN ('allowed', 'denied')),
  -- A code, never words of a person.
  reason         text,
  break_glass    boolean     NOT NULL,
  -- The names of what was changed, never the values.
  fields         text[]      NOT NULL,
  -- A keyed digest of what was searched for.
  criteria       bytea,
  -- Keyed digests of what was changed.
  before         bytea,
  after          bytea,
  previous       bytea       NOT NULL,
  hash           bytea       NOT NULL,
  PRIMARY KEY (shard, number)
);

CREATE INDEX IF NOT EXISTS entries_at ON audit.entries (at, shard, number);
CREATE INDEX IF NOT EXISTS entries_actor ON audit.entries (actor_id, at, shard, number);
-- Where the log is large, this is made before the release, CONCURRENTLY: nothing can be noted while it is made here.
CREATE INDEX IF NOT EXISTS entries_action ON audit.entries (action, at, shard, number);
CREATE INDEX IF NOT EXISTS entries_subjects ON audit.entries USING gin (subjects);
CREATE INDEX IF NOT EXISTS entries_request ON audit.entries (request_id);

-- The last entry of each chain, locked by whoever adds the next. Rows are short and change often.
CREATE TABLE IF NOT EXISTS audit.heads (
  shard  smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
  number bigint   NOT NULL,
  hash   bytea    NOT NULL
) WITH (fillfactor = 10);

-- The heads of all chains in order at some time, signed with a key that the database does not have.
CREATE TABLE IF NOT EXISTS audit.checkpoints (
  number    bigint PRIMARY KEY,
  at        timestamptz NOT NULL,
  numbers   bigint[]    NOT NULL,
  hashes    bytea[]     NOT NULL,
  signature bytea       NOT NULL
);

-- Only when there is none: a chain whose head was taken away must not begin anew.
INSERT INTO audit.heads (shard, number, hash)
SELECT shard, 0, decode(repeat('00', 32), 'hex') FROM generate_series(0, 63) AS shard
 WHERE NOT EXISTS (SELECT FROM audit.heads) AND NOT EXISTS (SELECT FROM audit.entries)
   AND NOT EXISTS (SELECT FROM audit.checkpoints);

CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE OR REPLACE FUNCTION audit.only_forward() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.shard <> OLD.shard OR NEW.number <> OLD.number + 1 THEN
    RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END
$$;

DO $$
DECLARE
  relation text;
  refused text;
BEGIN
  FOREACH relation IN ARRAY ARRAY['entries', 'heads', 'checkpoints'] LOOP
    refused := CASE relation WHEN 'heads' THEN 'DELETE OR TRUNCATE' ELSE 'UPDATE OR DELETE OR TRUNCATE' END;
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER only_grows BEFORE %s ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()',
      refused, relation);
    -- Also for whoever replicates.
    EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER only_grows', relation);
  END LOOP;
END
$$;

CREATE OR REPLACE TRIGGER only_forward BEFORE UPDATE ON audit.heads
  FOR EACH ROW EXECUTE FUNCTION audit.only_forward();
ALTER TABLE audit.heads ENABLE ALWAYS TRIGGER only_forward;

-- A value with its length before it, so that no two rows read the same; what is not there is no length.
CREATE OR REPLACE FUNCTION audit.field(value bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN value IS NULL THEN '\xffffffff'::bytea ELSE int4send(octet_length(value)) || value END
$$;

CREATE OR REPLACE FUNCTION audit.field(value text) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT audit.field(convert_to(value, 'UTF8'))
$$;

CREATE OR REPLACE FUNCTION audit.field(list text[]) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT audit.field(coalesce(string_agg(audit.field(value), ''::bytea ORDER BY place), ''))
    FROM unnest(list) WITH ORDINALITY AS item (value, place)
$$;

-- The hash of an entry, which continues that of the entry before. `platform::audit::chain` computes the same. A column
-- that is added later joins only where it is not null, so that older entries keep their hash.
CREATE OR REPLACE FUNCTION audit.digest(entry audit.entries) RETURNS bytea
LANGUAGE sql STABLE AS $$
  SELECT sha256(
    audit.field(entry.previous)
    || audit.field(entry.shard::text)
    || audit.field(entry.number::text)
    || audit.field(trunc(extract(epoch FROM entry.at) * 1000000)::bigint::text)
    || audit.field(entry.writer)
    || audit.field(entry.request_id)
    || audit.field(entry.trace_id)
    || audit.field(entry.client_address)
    || audit.field(entry.actor_id::text)
    || audit.field(entry.role)
    || audit.field(entry.session_id::text)
    || audit.field(entry.via)
    || audit.field(entry.action)
    || audit.field(entry.resource)
    || audit.field(entry.resource_ids::text[])
    || audit.field(entry.subjects::text[])
    || audit.field(entry.decision)
    || audit.field(entry.reason)
    || audit.field(entry.break_glass::text)
    || audit.field(entry.fields)
    || audit.field(entry.criteria)
    || audit.field(entry.before)
    || audit.field(entry.after))
$$;

-- The chain of an entry: that of the one person whom it is about, else of who acts, else of what it is about.
CREATE OR REPLACE FUNCTION audit.shard(entry audit.entries) RETURNS smallint
LANGUAGE sql STABLE AS $$
  SELECT (get_byte(sha256(convert_to(coalesce(
    CASE cardinality(entry.subjects) WHEN 1 THEN entry.subjects[1]::text END,
    entry.actor_id::text, entry.resource_ids[1]::text, entry.request_id, ''), 'UTF8')), 0) & 63)::smallint
$$;

-- Adds entries, numbered as the caller likes, at the end of the caller's transaction. Nothing may be locked after this:
-- chains are locked in one order, so that nobody waits for somebody who waits for them.
CREATE OR REPLACE FUNCTION audit.append(given jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  entry audit.entries;
BEGIN
  FOR entry IN
    SELECT * FROM jsonb_populate_recordset(NULL::audit.entries, given) AS asked ORDER BY audit.shard(asked), number
  LOOP
    entry.shard := audit.shard(entry);
    SELECT head.number + 1, head.hash INTO STRICT entry.number, entry.previous
      FROM audit.heads AS head WHERE head.shard = entry.shard FOR UPDATE;
    entry.at := clock_timestamp();
    entry.writer := session_user;
    entry.hash := audit.digest(entry);
    INSERT INTO audit.entries VALUES (entry.*);
    UPDATE audit.heads AS head SET number = entry.number, hash = entry.hash WHERE head.shard = entry.shard;
  END LOOP;
END
$$;

-- Adds the next checkpoint, and no other: one with the highest number there is would be the last.
CREATE OR REPLACE FUNCTION audit.checkpoint(
  number bigint, at timestamptz, numbers bigint[], hashes bytea[], signature bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF ($1 = (SELECT coalesce(max(made.number), 0) + 1 FROM audit.checkpoints AS made)
      AND cardinality($3) = 64 AND cardinality($4) = 64 AND octet_length($5) = 64) IS NOT TRUE
  THEN
    RAISE EXCEPTION 'not the next checkpoint' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit.checkpoints VALUES ($1, $2, $3, $4, $5);
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO audit_ro, auth_rw, patient_rw, doctor_rw, appointment_rw, notification_rw;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO audit_ro;
GRANT EXECUTE ON FUNCTION audit.append(jsonb) TO auth_rw, patient_rw, doctor_rw, appointment_rw, notification_rw;
GRANT EXECUTE ON FUNCTION audit.checkpoint(bigint, timestamptz, bigint[], bytea[], bytea) TO patient_rw;

RESET ROLE;

-- patient-svc reads the log for those who may, and only when it says so: it inherits nothing.
GRANT audit_ro TO patient_rw;

DO $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('REVOKE audit_owner FROM %I', current_user);
  END IF;
END
$$;
