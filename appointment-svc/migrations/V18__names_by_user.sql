-- A name is looked for whatever its method, and one account may have many thousands of a day: an integration books for
-- everybody. With the method between the two, all names of the account were read. The same columns, so that the release
-- before goes on. One statement, whose first lock is its strongest, so that nobody waits for whoever waits for them; names
-- are kept for a day, so it takes a moment.
ALTER TABLE idempotency_keys
    DROP CONSTRAINT idempotency_keys_pkey,
    -- squawk-ignore adding-serial-primary-key-field, constraint-missing-not-valid
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key, method);
