-- Who was born on the same day may be the same person.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX patients_by_birth ON patients (date_of_birth) WHERE deleted_at IS NULL;

-- A name without case and accents, so that Émilie is emilie.
CREATE FUNCTION plain_name(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g'));

-- The digits of a phone number without the zeros that are dialled before it.
CREATE FUNCTION plain_phone(phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ltrim(regexp_replace(phone, '[^0-9]', '', 'g'), '0');
