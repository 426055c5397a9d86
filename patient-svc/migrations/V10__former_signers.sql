-- Whose signatures of the audit log's checkpoints count although the root secret is another by now. Up to which
-- checkpoint they do is sealed with a key that the database does not have: nobody else can name a signer.
CREATE TABLE former_signers (
    public_key bytea PRIMARY KEY,
    vouched    bytea NOT NULL
);
