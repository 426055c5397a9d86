-- A name is looked for whatever its method, and one account may have many thousands of a day: an integration books for
-- everybody. With the method between the two, all names of the account were read. The same columns, so that the release
-- before goes on; names are kept for a day, so this takes a moment.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX idempotency_keys_by_name ON idempotency_keys (user_id, key, method);
-- squawk-ignore prefer-robust-stmts
ALTER TABLE idempotency_keys
    DROP CONSTRAINT idempotency_keys_pkey,
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY USING INDEX idempotency_keys_by_name;
