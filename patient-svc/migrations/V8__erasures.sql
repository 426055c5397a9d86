-- Patients of whom nothing is known any more but that they were here, by which account and why.
CREATE TABLE erasures (
    patient_id uuid PRIMARY KEY REFERENCES patients,
    reason     text NOT NULL,
    erased_by  uuid NOT NULL,
    erased_at  timestamptz NOT NULL
);
