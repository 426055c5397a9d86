-- Visits of the doctors $FIRST_DOCTOR to $LAST_DOCTOR on the days $FIRST_DAY to $LAST_DAY from today, from nine on, 16 a day.
CREATE TEMPORARY TABLE visits AS
SELECT gen_random_uuid() AS id, lpad(to_hex(doctor), 32, '0')::uuid AS doctor_id,
       -- A hundred patients a doctor, in turn.
       lpad(to_hex(1000000001 + ((doctor - 1) * 100 + (day + 100000) * 16 + number) % $PATIENTS), 32, '0')::uuid AS patient_id,
       date_trunc('day', now(), 'UTC') + day * interval '1 day' + interval '9 hours' + number * interval '30 minutes' AS start
  FROM generate_series($FIRST_DOCTOR, $LAST_DOCTOR) AS doctor, generate_series($FIRST_DAY, $LAST_DAY) AS day,
       generate_series(0, 15) AS number;

INSERT INTO appointment.appointments (id, patient_id, doctor_id, start_time, end_time, time_zone, start_local, status,
                                      rules_version, is_vouched)
SELECT id, patient_id, doctor_id, start, start + interval '30 minutes', 'UTC', start AT TIME ZONE 'UTC',
       CASE WHEN start < now() THEN 'completed' ELSE 'scheduled' END::appointment.appointment_status, 1, true
  FROM visits ORDER BY start;

INSERT INTO appointment.claims (appointment_id, resource_id, patient_id, busy_from, busy_until, visit_from, visit_until)
SELECT id, doctor_id, patient_id, start, start + interval '30 minutes', start, start + interval '30 minutes'
  FROM visits ORDER BY doctor_id, start;

INSERT INTO appointment.appointment_events (appointment_id, version, kind, to_status, start_time, end_time, actor_id, actor_role)
SELECT id, 1, 'booked', 'scheduled', start, start + interval '30 minutes', patient_id, 'patient' FROM visits;

DROP TABLE visits;
