-- Doctors who read what they may not, in an emergency, until when, and what others thought of it.
CREATE TABLE break_glass (
    id                       uuid PRIMARY KEY,
    -- Whoever the patient is by now, if they were merged into another.
    patient_id               uuid NOT NULL REFERENCES patients,
    doctor_id                uuid NOT NULL,
    user_id                  uuid NOT NULL,
    -- None once the patient was erased.
    reason                   text,
    includes_very_restricted boolean NOT NULL,
    created_at               timestamptz NOT NULL,
    expires_at               timestamptz NOT NULL CHECK (expires_at > created_at),
    outcome                  text CHECK (outcome IN ('justified', 'unjustified')),
    review_note              text,
    reviewed_by              uuid CHECK (reviewed_by <> user_id),
    reviewed_at              timestamptz,
    CHECK ((outcome IS NULL) = (reviewed_at IS NULL) AND (outcome IS NULL) = (reviewed_by IS NULL))
);

CREATE INDEX break_glass_in_force ON break_glass (doctor_id, patient_id, expires_at);
CREATE INDEX break_glass_to_review ON break_glass (id) WHERE reviewed_at IS NULL;
CREATE INDEX break_glass_unreviewed ON break_glass (doctor_id, created_at) WHERE reviewed_at IS NULL;
