-- What a clinic has after some time, where tables grow with visits, people and looks at their data. One doctor and one
-- patient exist already; the others are numbers.
SET session_replication_role = replica;

CREATE FUNCTION public.somebody(kind text, number integer) RETURNS uuid LANGUAGE sql AS
$$ SELECT CASE WHEN number = 0 THEN current_setting('seed.' || kind)::uuid ELSE md5(kind || number)::uuid END $$;

-- 100 doctors, 200 visits each, half of them behind us.
CREATE TEMPORARY TABLE visits AS
SELECT gen_random_uuid() AS id, public.somebody('doctor', doctor) AS doctor_id,
       public.somebody('patient', (doctor + 7 * number) % 5000) AS patient_id,
       date_trunc('hour', now()) + interval '10 days' * sign(number - 99.5) + (number - 100) * interval '30 minutes' AS start,
       number >= 100 AS is_ahead
  FROM generate_series(0, 99) AS doctor, generate_series(0, 199) AS number;

INSERT INTO appointment.appointments
       (id, patient_id, doctor_id, start_time, end_time, time_zone, start_local, status, rules_version, is_vouched)
SELECT id, patient_id, doctor_id, start, start + interval '30 minutes', 'UTC', start AT TIME ZONE 'UTC',
       CASE WHEN is_ahead THEN 'scheduled' ELSE 'completed' END::appointment.appointment_status, 1, true
  FROM visits;
INSERT INTO appointment.claims (appointment_id, resource_id, patient_id, busy_from, busy_until)
SELECT id, doctor_id, patient_id, start, start + interval '30 minutes' FROM visits;
INSERT INTO appointment.appointment_events
       (appointment_id, version, kind, to_status, start_time, end_time, actor_id, actor_role)
SELECT id, 1, 'booked', 'scheduled', start, start + interval '30 minutes', patient_id, 'patient' FROM visits;
INSERT INTO appointment.parties (patient_id, version, is_active)
SELECT public.somebody('patient', number), 1, true FROM generate_series(1, 19999) AS number;
INSERT INTO appointment.idempotency_keys (user_id, method, key, fingerprint, appointment_id, answer)
SELECT patient_id, 'BookAppointment', id::text, '\x00', id, '\x00' FROM visits;
INSERT INTO appointment.series (id, patient_id, doctor_id, rrule, start_local, time_zone, duration_minutes, created_by)
SELECT id, patient_id, doctor_id, 'FREQ=WEEKLY;COUNT=5', start AT TIME ZONE 'UTC', 'UTC', 30, patient_id FROM visits;
INSERT INTO appointment.waitlist
       (id, patient_id, visit_type_id, doctor_ids, location_ids, windows, priority, notice_minutes, state, expires_at, created_by)
SELECT id, patient_id, public.somebody('type', 1), '{}', '{}', '[]', 2, 60,
       CASE WHEN row_number() OVER () % 100 = 0 THEN 'waiting' ELSE 'cancelled' END, now() + interval '30 days', patient_id
  FROM visits;
INSERT INTO appointment.waitlist_offers
       (id, entry_id, patient_id, doctor_id, visit_type_id, start_time, end_time, time_zone, state, expires_at, answered_at,
        priority, waiting_since, passed_over, depth)
SELECT gen_random_uuid(), id, patient_id, doctor_id, public.somebody('type', 1), start, start + interval '30 minutes', 'UTC',
       'declined', start, start, 2, start - interval '9 days', 0, 0
  FROM visits;

INSERT INTO patient.patients
       (id, first_name, last_name, date_of_birth, email, phone, contact_preference, party_version, created_at, updated_at)
SELECT public.somebody('patient', number), initcap(left(md5('first' || number), 6)), initcap(left(md5('last' || number), 8)),
       date '1930-01-01' + number % 30000, number || '@example.com', '+4930' || 1000000 + number, 'email', number, now(), now()
  FROM generate_series(1, 19999) AS number;
INSERT INTO patient.identifiers (system, value, patient_id)
SELECT 'mrn', 'MRN' || number, public.somebody('patient', number) FROM generate_series(1, 19999) AS number;
INSERT INTO patient.medical_records (id, patient_id, appointment_id, author_doctor_id, revision, created_at)
SELECT public.somebody('record', number), public.somebody('patient', 1 + number % 19999), gen_random_uuid(),
       public.somebody('doctor', number % 100), 1, now()
  FROM generate_series(1, 20000) AS number;
INSERT INTO patient.data_keys (id, patient_id, wrapped)
SELECT public.somebody('key', number), public.somebody('patient', number), '\x00' FROM generate_series(1, 19999) AS number;
INSERT INTO patient.medical_record_revisions (record_id, revision, key_id, sealed, created_at, state)
SELECT id, 1, public.somebody('key', 1), '\x00', created_at, 'signed' FROM patient.medical_records
 WHERE patient_id <> public.somebody('patient', 0);
INSERT INTO patient.break_glass
       (id, patient_id, doctor_id, user_id, includes_very_restricted, created_at, expires_at, outcome, reviewed_by, reviewed_at)
SELECT gen_random_uuid(), public.somebody('patient', number), public.somebody('doctor', number % 100), gen_random_uuid(), false,
       now() - interval '9 days', now() - interval '8 days', 'justified', gen_random_uuid(), now()
  FROM generate_series(1, 10000) AS number;

INSERT INTO audit.entries
       (shard, number, at, writer, actor_id, role, action, resource, resource_ids, subjects, decision, break_glass, fields,
        previous, hash)
SELECT number % 64, 1000000 + number, now() - number * interval '1 minute', 'patient_rw', public.somebody('user', 1 + number % 19999),
       'staff', 'read', 'patient', ARRAY[public.somebody('patient', number % 20000)], ARRAY[public.somebody('patient', number % 20000)],
       'allowed', false, '{}', '\x00', '\x00'
  FROM generate_series(1, 30000) AS number;

INSERT INTO auth.users (id, email, full_name, password_hash, role, patient_id, is_active, created_at, updated_at)
SELECT public.somebody('user', number), number || '@example.com', 'Somebody', '', 'patient', public.somebody('patient', number),
       true, now(), now()
  FROM generate_series(1, 19999) AS number;
INSERT INTO auth.sessions (id, user_id, started_at, idles_at, expires_at, ended_at)
SELECT public.somebody('session', number), public.somebody('user', 1 + number % 19999), now() - interval '9 days',
       now() + interval '9 days', now() + interval '9 days', CASE WHEN number % 2 = 0 THEN now() - interval '1 day' END
  FROM generate_series(1, 30000) AS number;
INSERT INTO auth.refresh_tokens (digest, session_id)
SELECT sha256(number::text::bytea), public.somebody('session', number) FROM generate_series(1, 30000) AS number;
INSERT INTO auth.one_time_tokens (id, kind, subject_id, digest, created_at, expires_at, used_at)
SELECT gen_random_uuid(), 'password_reset', public.somebody('user', number), sha256(number::text::bytea), now(),
       now() + interval '1 day', now()
  FROM generate_series(1, 20000) AS number;
INSERT INTO auth.proxies (id, user_id, patient_id, relation, may_read_records, granted_by, created_at, revoked_at)
SELECT gen_random_uuid(), public.somebody('user', number), public.somebody('patient', number), 'proxy', true,
       public.somebody('user', 1), now(), CASE WHEN number % 2 = 0 THEN now() END
  FROM generate_series(1, 20000) AS number;

INSERT INTO notification.notifications
       (id, appointment_id, appointment_version, kind, visit_status, recipient_kind, recipient_id, state, sent_at)
SELECT gen_random_uuid(), id, 1, 'booked', 'scheduled', 'patient', patient_id, 'sent', now() FROM visits;
INSERT INTO notification.offer_notifications (id, kind, recipient_kind, recipient_id, state, sent_at, offer_id)
SELECT gen_random_uuid(), 'offered', 'patient', patient_id, 'sent', now(), id FROM visits;
INSERT INTO notification.account_notifications (id, kind, recipient_kind, recipient_id, state, sent_at, event_id)
SELECT gen_random_uuid(), 'password_changed', 'account', patient_id, 'sent', now(), id FROM visits;
INSERT INTO notification.reminder_notifications
       (id, kind, recipient_kind, recipient_id, state, next_attempt_at, sent_at, appointment_id, schedule_version,
        offset_minutes, visit_starts_at, due_at)
SELECT gen_random_uuid(), 'reminder', 'patient', patient_id, CASE WHEN is_ahead THEN 'pending' ELSE 'sent' END,
       CASE WHEN is_ahead THEN start - interval '1 day' END, CASE WHEN NOT is_ahead THEN start END, id, 1, 1440, start,
       start - interval '1 day'
  FROM visits;
INSERT INTO notification.reminder_plans (appointment_id, appointment_version) SELECT id, 1 FROM visits;
INSERT INTO notification.preferences (patient_id)
SELECT public.somebody('patient', number) FROM generate_series(1, 20000) AS number;
INSERT INTO notification.calendar_feeds (owner_kind, owner_id, token_hash, titles)
SELECT 'patient', public.somebody('patient', number), sha256(number::text::bytea), 'private'
  FROM generate_series(1, 20000) AS number;
INSERT INTO notification.webhook_deliveries
       (id, endpoint_id, event_id, event_type, subject, occurred_at, body, state, settled_at)
SELECT gen_random_uuid(), current_setting('seed.webhook')::uuid, id, 'appointment.booked', id, now(), '{}', 'delivered', now()
  FROM visits;

-- What was published and taken.
DO $$
DECLARE
    service text;
BEGIN
    FOREACH service IN ARRAY ARRAY['auth', 'patient', 'doctor', 'appointment', 'notification'] LOOP
        EXECUTE format('INSERT INTO %I.outbox (event_id, aggregate_id, event_type, data, published_at)
                        SELECT id, id, ''made.up'', ''{}'', now() FROM visits', service);
        EXECUTE format('INSERT INTO %I.inbox (event_id) SELECT id FROM visits', service);
    END LOOP;
END $$;

DROP TABLE visits;
SET session_replication_role = origin;
