//! Checkpoints that another root secret has signed, and who vouches for them.
use crate::clinic::Clinic;
use crate::keys::{ANOTHER, THIRD, reseal, with_secrets};
use jiff::Timestamp;
use patient_svc::checkpoints;
use patient_svc::config::{Command, Config};
use patient_svc::domain::chain::Finding;
use patient_svc::signers::Signers;
use patient_svc::store::Store;
use patient_svc::verify;
use platform::audit::Entry;
use platform::audit::chain::Signer;
use platform::secrets::RootSecret;

/// A root secret on its way to another.
struct Exchange {
    clinic: Clinic,
    store: Store,
    old: Config,
    both: Config,
    new: Config,
}

impl Exchange {
    /// The old one has signed, and the new one has gone on.
    async fn begun() -> Self {
        let clinic = Clinic::open().await;
        let old = clinic.config.clone();
        let both = with_secrets(&old, ANOTHER.into(), Some(old.process.secret_key.clone()));
        let new = with_secrets(&old, ANOTHER.into(), None);
        let begun = Self { store: clinic.store(), clinic, old, both, new };
        for config in [&begun.old, &begun.old, &begun.both] {
            begun.signs(config).await;
        }
        begun
    }

    /// Something happens, and who has the root secret of `config` signs.
    async fn signs(&self, config: &Config) {
        let signer = Signer::new(&RootSecret::new(&config.process.secret_key).unwrap());
        self.store.note(Entry::new("read", "patient")).await.unwrap();
        checkpoints::sign(&self.store, &signer, Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
    }

    /// Does to the log what nothing protects it from any more.
    async fn does(&self, sql: &str) {
        let unprotected = "
            ALTER TABLE audit.entries DISABLE TRIGGER ALL;
            ALTER TABLE audit.heads DISABLE TRIGGER ALL;
            ALTER TABLE audit.checkpoints DISABLE TRIGGER ALL;";
        self.clinic.superuser().await.batch_execute(&format!("{unprotected} {sql}")).await.unwrap();
    }

    async fn vouched(&self) -> usize {
        self.store.former_signers().await.unwrap().len()
    }
}

async fn verify(config: &Config) -> anyhow::Result<()> {
    patient_svc::command(config.clone(), Command::AuditVerify { checkpoint: None }).await
}

#[tokio::test]
async fn what_another_root_secret_signed_of_the_audit_log_is_known_once_somebody_has_vouched_for_it() {
    let exchange = Exchange::begun().await;
    let Exchange { old, both, new, .. } = &exchange;
    verify(both).await.unwrap();
    for one in [old, new] {
        assert!(verify(one).await.is_err(), "it knows one of the two secrets");
    }
    assert!(reseal(new).await.is_err(), "it cannot vouch for what it does not know");
    reseal(both).await.unwrap();
    verify(new).await.unwrap();
    reseal(new).await.unwrap();

    // The next exchange keeps what was vouched for.
    let next = with_secrets(new, THIRD.into(), Some(ANOTHER.into()));
    let last = with_secrets(new, THIRD.into(), None);
    exchange.signs(&next).await;
    assert!(verify(&last).await.is_err());
    reseal(&next).await.unwrap();
    verify(&last).await.unwrap();
}

#[tokio::test]
async fn what_the_other_secret_signs_afterwards_is_found_and_not_done_with_until_it_ends() {
    let exchange = Exchange::begun().await;
    let Exchange { old, both, new, .. } = &exchange;
    reseal(both).await.unwrap();
    exchange.signs(old).await;
    exchange.signs(both).await;
    for config in [both, new] {
        let signers = Signers::new(&RootSecret::of(&config.process).unwrap());
        let known = signers.known(&exchange.store.former_signers().await.unwrap());
        let seen = verify::look(&exchange.store, &known, None).await.unwrap();
        assert_eq!(seen.findings, [Finding::CheckpointLate { number: 4, vouched: 2 }]);
    }
    assert!(reseal(new).await.is_err(), "it has not accepted who signed");
    assert!(reseal(both).await.is_err(), "some process still signs by the other secret");
    reseal(both).await.unwrap();
    verify(new).await.unwrap();
    reseal(new).await.unwrap();
}

#[tokio::test]
async fn whoever_has_the_secret_of_before_cannot_write_the_past_anew() {
    let exchange = Exchange::begun().await;
    let Exchange { old, both, new, .. } = &exchange;
    reseal(both).await.unwrap();
    verify(new).await.unwrap();
    exchange
        .does(
            "TRUNCATE audit.entries, audit.checkpoints;
             UPDATE audit.heads SET number = 0, hash = decode(repeat('00', 32), 'hex')",
        )
        .await;
    exchange.signs(old).await;
    assert!(verify(new).await.is_err(), "the last checkpoint that was vouched for is not there");
    exchange.signs(old).await;
    assert!(verify(new).await.is_err(), "it is another");
    assert!(verify(both).await.is_err(), "also while the secret is accepted");
    assert!(reseal(both).await.is_err());
}

#[tokio::test]
async fn nobody_vouches_for_a_log_that_does_not_verify() {
    let exchange = Exchange::begun().await;
    let Exchange { both, new, .. } = &exchange;
    exchange.does("UPDATE audit.entries SET role = 'admin'").await;
    let refusal = format!("{:#}", reseal(both).await.unwrap_err());
    assert_eq!(refusal, "nobody is vouched for: the audit log was changed: 3 findings");
    assert_eq!(exchange.vouched().await, 0);
    exchange.does("UPDATE audit.entries SET role = 'system'").await;
    reseal(both).await.unwrap();
    assert_eq!(exchange.vouched().await, 1);
    verify(new).await.unwrap();
}

#[tokio::test]
async fn the_service_takes_no_signer_of_before_away() {
    let exchange = Exchange::begun().await;
    reseal(&exchange.both).await.unwrap();
    let runtime = exchange.clinic.runtime().await;
    for change in [
        "DELETE FROM patient.former_signers",
        "TRUNCATE patient.former_signers",
        "UPDATE patient.former_signers SET public_key = ''",
    ] {
        let refusal = runtime.execute(change, &[]).await.expect_err(change);
        assert_eq!(refusal.code().unwrap().code(), "42501", "{change}");
    }
    assert_eq!(exchange.vouched().await, 1);
}
