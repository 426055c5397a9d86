-- A patient may have several data keys: what was sealed stays sealed under the one of its time.
ALTER TABLE data_keys ADD COLUMN retired_at timestamptz;

-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX data_keys_in_use ON data_keys (patient_id) WHERE retired_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX data_keys_of_patient ON data_keys (patient_id);

ALTER TABLE data_keys DROP CONSTRAINT data_keys_patient_id_key;
