-- Every legal hold, by which account and why, also those that were lifted.
CREATE TABLE legal_holds (
    id         uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patients,
    reason     text NOT NULL,
    placed_by  uuid NOT NULL,
    placed_at  timestamptz NOT NULL,
    lifted_by  uuid,
    lifted_at  timestamptz
);

CREATE UNIQUE INDEX legal_holds_in_force ON legal_holds (patient_id) WHERE lifted_at IS NULL;
