-- Whether the owner of an account has proven the address, and what has to happen before anybody can log in: null when
-- nothing. The release before lets the owners of such accounts in, as far as they have a password.
ALTER TABLE users
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN pending text,
    ADD CONSTRAINT users_pending CHECK (pending IN ('invitation', 'email_verification')) NOT VALID;
