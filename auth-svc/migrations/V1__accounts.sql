-- Accounts. Names are compared without case; a record belongs to at most one account.
CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text        NOT NULL,
    username      text,
    full_name     text,
    password_hash text        NOT NULL,
    role          text        NOT NULL CHECK (role IN ('admin', 'doctor', 'patient', 'staff', 'auditor')),
    patient_id    uuid,
    doctor_id     uuid,
    is_active     boolean     NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT users_links_fit_role CHECK (
        (role = 'patient') = (patient_id IS NOT NULL) AND (role = 'doctor') = (doctor_id IS NOT NULL)
    )
);

CREATE UNIQUE INDEX users_email ON users (lower(email));
CREATE UNIQUE INDEX users_username ON users (lower(username));
CREATE UNIQUE INDEX users_patient ON users (patient_id);
CREATE UNIQUE INDEX users_doctor ON users (doctor_id);
-- Whether there is an administrator (left) is asked at every start and before one is taken away.
CREATE INDEX users_admins ON users (id) WHERE role = 'admin';
