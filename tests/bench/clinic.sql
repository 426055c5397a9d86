-- A clinic as large as wanted: $DOCTORS doctors who work around the clock in half hours, and $PATIENTS patients.
INSERT INTO doctor.doctors (id, first_name, last_name, email, specialization, time_zone, languages, slot_minutes,
                            created_at, updated_at, version, rules_version)
SELECT lpad(to_hex(number), 32, '0')::uuid, 'Dora', 'Doctor ' || number, 'doctor-' || number || '@example.com',
       'Cardiology', 'UTC', '{en}', 30, now(), now(), 1, 1
  FROM generate_series(1, $DOCTORS) AS number;

INSERT INTO doctor.availabilities (id, doctor_id, day_of_week, start_second, end_second, is_available)
SELECT gen_random_uuid(), id, day, 0, 86400, true
  FROM doctor.doctors, generate_series(0, 6) AS day;

INSERT INTO appointment.calendars (doctor_id, version, is_active, time_zone, slot_minutes, windows)
SELECT id, 1, true, 'UTC', 30,
       (SELECT jsonb_agg(jsonb_build_object('day', day, 'start', 0, 'end', 86400)) FROM generate_series(0, 6) AS day)
  FROM doctor.doctors;

INSERT INTO patient.patients (id, first_name, last_name, date_of_birth, email, contact_preference, party_version,
                              created_at, updated_at)
SELECT lpad(to_hex(1000000000 + number), 32, '0')::uuid, 'Paula', 'Patient ' || number,
       date '1930-01-01' + number % 30000, 'patient-' || number || '@example.com', 'none', 1, now(), now()
  FROM generate_series(1, $PATIENTS) AS number;

INSERT INTO appointment.parties (patient_id, version, is_active)
SELECT id, 1, true FROM patient.patients;
