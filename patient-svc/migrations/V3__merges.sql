-- Whom a patient was merged into. `deleted_at` is set as well, so that whoever looks for patients passes over them.
ALTER TABLE patients
    -- Nobody has it yet: there is nothing to check.
    -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
    ADD COLUMN merged_into uuid REFERENCES patients,
    ADD CONSTRAINT patients_merged_are_gone
        CHECK (merged_into IS NULL OR deleted_at IS NOT NULL AND merged_into <> id) NOT VALID;

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX patients_merged ON patients (merged_into) WHERE merged_into IS NOT NULL;

-- Every merge, by which account and why, also those that were undone.
CREATE TABLE merges (
    id             uuid PRIMARY KEY,
    patient_id     uuid NOT NULL REFERENCES patients,
    survivor_id    uuid NOT NULL REFERENCES patients,
    reason         text NOT NULL,
    merged_by      uuid NOT NULL,
    merged_at      timestamptz NOT NULL,
    unmerge_reason text,
    unmerged_by    uuid,
    unmerged_at    timestamptz,
    CHECK (patient_id <> survivor_id)
);

CREATE UNIQUE INDEX merges_in_force ON merges (patient_id) WHERE unmerged_at IS NULL;
