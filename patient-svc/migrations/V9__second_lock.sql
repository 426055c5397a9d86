-- A second lock on medical records and their keys, besides the conditions of each statement: whoever is no superuser
-- sees those of the patients whom the transaction names in `app.patients`, and none without. It makes a forgotten
-- condition an empty answer; it does not stop whoever can run SQL of their own, who can name anybody.
--
-- Replicas from before it name nobody and find no records. No release is without it.
CREATE FUNCTION named_patients() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.patients', true), '')::uuid[];

ALTER TABLE medical_records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE medical_record_revisions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE cosignatures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE data_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY of_patients ON medical_records USING (patient_id = ANY (named_patients()));

CREATE POLICY of_patients ON medical_record_revisions USING (EXISTS (
    SELECT FROM medical_records AS record
     WHERE record.id = medical_record_revisions.record_id AND record.patient_id = ANY (named_patients())));

CREATE POLICY of_patients ON cosignatures USING (EXISTS (
    SELECT FROM medical_records AS record
     WHERE record.id = cosignatures.record_id AND record.patient_id = ANY (named_patients())));

CREATE POLICY of_patients ON data_keys USING (patient_id = ANY (named_patients()));

-- To find out whose a record is, of which only the id is known.
CREATE POLICY of_one_record ON medical_records FOR SELECT
    USING (id = nullif(current_setting('app.record', true), '')::uuid);

-- To wrap all keys by another secret. Each is changed in the name of its patient.
CREATE POLICY of_rotation ON data_keys FOR SELECT USING (current_setting('app.purpose', true) = 'key rotation');

-- Later migrations see everything: `platform::postgres::migrate` says that it is what runs.
CREATE POLICY of_migrations ON medical_records TO CURRENT_USER
    USING (current_setting('app.purpose', true) = 'migration');
CREATE POLICY of_migrations ON medical_record_revisions TO CURRENT_USER
    USING (current_setting('app.purpose', true) = 'migration');
CREATE POLICY of_migrations ON cosignatures TO CURRENT_USER
    USING (current_setting('app.purpose', true) = 'migration');
CREATE POLICY of_migrations ON data_keys TO CURRENT_USER
    USING (current_setting('app.purpose', true) = 'migration');
