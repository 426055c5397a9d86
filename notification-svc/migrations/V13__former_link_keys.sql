-- Keys by which links in messages were signed before the root secret was exchanged: mails outlive secrets. Sealed with a
-- key that the database does not have.
CREATE TABLE former_link_keys (
    digest bytea PRIMARY KEY,
    sealed bytea NOT NULL
);
