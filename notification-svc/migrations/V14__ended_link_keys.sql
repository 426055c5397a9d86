-- Keys of links that were ended, told apart by the same digests: they are not kept again.
CREATE TABLE ended_link_keys (
    digest bytea PRIMARY KEY
);
