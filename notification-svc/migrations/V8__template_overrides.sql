-- Words that the clinic puts in place of ours. Whether they fit is judged whenever they are read, because a release may
-- change what they may name.
CREATE TABLE template_overrides (
    -- Of the message in Fluent, for instance `booked-patient-subject`.
    message    text        NOT NULL,
    -- BCP 47.
    language   text        NOT NULL,
    pattern    text        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The account that set it.
    updated_by uuid        NOT NULL,
    PRIMARY KEY (message, language)
);
