//! Patients who get to the records that the practice made of them.
use crate::peers::Patients;
use crate::service::{
    PASSWORD, Refused, Service, by, by_service, config, database, fields, fresh_id, reason, someone,
};
use crate::upkeep::store;
use auth_svc::claims::Claims;
use auth_svc::domain::ClaimCode;
use auth_svc::records::Records;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use platform::client::Peer;
use platform::clock::Clock;
use proto::auth::{
    ClaimPatientRequest, IssueClaimCodeRequest, RegisterRequest, Role, RuleOutPatientAccountRequest,
    TokenPair, User,
};
use std::time::Duration;
use tonic::{Code, Status};

struct Practice {
    service: Service,
    patients: Patients,
    url: String,
}

impl Practice {
    async fn open() -> Self {
        let patients = Patients::default();
        let url = patients.serve().await;
        let service = Service::replica(database().await, &[&format!("--patient-url={url}")]).await;
        Self { service, patients, url }
    }

    /// The record of somebody who is here.
    fn record(&self) -> String {
        let id = fresh_id();
        self.patients.have(&id, true);
        id
    }

    async fn code(&self, patient: &str) -> Result<String, Status> {
        let request = IssueClaimCodeRequest { patient_id: patient.to_owned() };
        let request = by_service("patient-svc", request);
        Ok(self.service.accounts.clone().issue_claim_code(request).await?.into_inner().code)
    }

    /// An account without a record, logged in.
    async fn newcomer(&self) -> (User, TokenPair) {
        let user = self.service.registers("", someone()).await.unwrap();
        let tokens = self.service.logs_in(&user.email, PASSWORD).await.unwrap();
        (user, tokens)
    }

    async fn claims(&self, tokens: &TokenPair, code: &str) -> Result<User, Status> {
        let request = by(&tokens.access_token, ClaimPatientRequest { code: code.to_owned() });
        Ok(self.service.accounts.clone().claim_patient(request).await?.into_inner())
    }

    /// As patient-svc asks before it merges the record into another.
    async fn has_account(&self, patient: &str) -> bool {
        let request = RuleOutPatientAccountRequest { patient_id: patient.to_owned() };
        let request = by_service("patient-svc", request);
        self.service.client.clone().rule_out_patient_account(request).await.unwrap().into_inner().has_account
    }

    async fn registers_with(&self, code: &str) -> Result<User, Status> {
        self.service.registers("", RegisterRequest { claim_code: code.to_owned(), ..someone() }).await
    }
}

#[tokio::test]
async fn a_code_links_an_account_to_its_record_and_ends_its_sessions() {
    let practice = Practice::open().await;
    let record = practice.record();
    let (user, tokens) = practice.newcomer().await;
    let code = practice.code(&record).await.unwrap();
    let linked = practice.claims(&tokens, &code.to_lowercase().replace('-', " ")).await.unwrap();
    assert_eq!((linked.id, linked.patient_id.as_str()), (user.id, record.as_str()));
    let ended = practice.service.current_user(&tokens.access_token).await.refused();
    assert_eq!(reason(&ended), "SESSION_ENDED");
    let again = practice.service.logs_in(&user.email, PASSWORD).await.unwrap();
    let me = practice.service.current_user(&again.access_token).await.unwrap();
    assert_eq!(me.patient_id, record);

    // From now on there is nothing left to claim: neither for the account nor for the record.
    let other = practice.code(&practice.record()).await.unwrap();
    let bound = practice.claims(&again, &other).await.refused();
    assert_eq!((bound.code(), reason(&bound).as_str()), (Code::FailedPrecondition, "HAS_RECORD"));
    let taken = practice.code(&record).await.refused();
    assert_eq!((taken.code(), reason(&taken).as_str()), (Code::AlreadyExists, "ALREADY_LINKED"));
}

#[tokio::test]
async fn whoever_registers_with_a_code_has_the_record_at_once() {
    let practice = Practice::open().await;
    let record = practice.record();
    let code = practice.code(&record).await.unwrap();
    let user = practice.registers_with(&code).await.unwrap();
    assert_eq!((user.role(), user.patient_id), (Role::Patient, record));
    assert_eq!(fields(&practice.registers_with(&code).await.refused()), ["claim_code"]);

    let admin = practice.service.admin().await;
    let code = practice.code(&practice.record()).await.unwrap();
    let staff = RegisterRequest { role: Role::Staff.into(), claim_code: code.clone(), ..someone() };
    assert_eq!(fields(&practice.service.registers(&admin, staff).await.refused()), ["claim_code"]);
    let twice = RegisterRequest { patient_id: fresh_id(), claim_code: code.clone(), ..someone() };
    assert_eq!(fields(&practice.service.registers(&admin, twice).await.refused()), ["claim_code"]);
    assert!(practice.registers_with(&code).await.is_ok(), "a refusal spends nothing");
}

#[tokio::test]
async fn an_address_that_is_taken_spends_no_code() {
    let practice = Practice::open().await;
    let (user, _) = practice.newcomer().await;
    let code = practice.code(&practice.record()).await.unwrap();
    let taken = RegisterRequest { email: user.email, claim_code: code.clone(), ..someone() };
    assert_eq!(reason(&practice.service.registers("", taken).await.refused()), "EMAIL_TAKEN");
    assert!(practice.registers_with(&code).await.is_ok());
}

#[tokio::test]
async fn of_fifty_who_use_a_code_at_once_one_can() {
    let practice = Practice::open().await;
    let code = practice.code(&practice.record()).await.unwrap();
    let mut newcomers = Vec::new();
    for _ in 0..10 {
        newcomers.push(practice.newcomer().await.1);
    }
    let claims = (0..50).map(|number| practice.claims(&newcomers[number % 10], &code));
    let answers = join_all(claims).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        // Or the session has just ended with the one that could.
        let told = (fields(&refused), reason(&refused));
        let is_late = ["HAS_RECORD", "SESSION_ENDED"].contains(&told.1.as_str());
        assert!(told.0 == ["code"] || is_late, "{told:?}");
    }
}

#[tokio::test]
async fn all_wrong_codes_look_alike() {
    let practice = Practice::open().await;
    let (_, tokens) = practice.newcomer().await;
    let voided = {
        let record = practice.record();
        let first = practice.code(&record).await.unwrap();
        practice.code(&record).await.unwrap();
        first
    };
    let used = practice.code(&practice.record()).await.unwrap();
    practice.registers_with(&used).await.unwrap();
    let gone = fresh_id();
    practice.patients.have(&gone, false);
    let gone = practice.code(&gone).await.unwrap();
    let unknown = practice.claims(&tokens, "0000-0000-0000-0000").await.refused();
    assert_eq!((unknown.code(), fields(&unknown)), (Code::InvalidArgument, vec!["code".to_owned()]));
    for wrong in [voided, used, gone, "not a code".to_owned(), String::new()] {
        let refused = practice.claims(&tokens, &wrong).await.refused();
        assert_eq!((refused.code(), refused.details()), (unknown.code(), unknown.details()), "{wrong}");
        if !wrong.is_empty() {
            assert_eq!(fields(&practice.registers_with(&wrong).await.refused()), ["claim_code"]);
        }
    }
}

#[tokio::test]
async fn whoever_has_a_record_or_can_have_none_claims_none() {
    let practice = Practice::open().await;
    let code = practice.code(&practice.record()).await.unwrap();
    let (user, tokens) = practice.newcomer().await;
    practice.patients.have(&user.patient_id, true);
    // Whether the code is right makes no difference.
    for code in [code.as_str(), "0000-0000-0000-0000"] {
        assert_eq!(reason(&practice.claims(&tokens, code).await.refused()), "HAS_RECORD");
    }
    for role in [Role::Doctor, Role::Staff, Role::Admin, Role::Auditor] {
        let (_, tokens) = practice.service.person(role).await;
        assert_eq!(practice.claims(&tokens, &code).await.refused().code(), Code::PermissionDenied);
    }
    assert!(practice.registers_with(&code).await.is_ok());
}

#[tokio::test]
async fn codes_are_made_for_patient_svc_only_and_rest_nowhere() {
    let practice = Practice::open().await;
    let record = practice.record();
    let admin = practice.service.admin().await;
    let request = || IssueClaimCodeRequest { patient_id: record.clone() };
    for asking in [by(&admin, request()), by_service("notification-svc", request())] {
        let refused = practice.service.accounts.clone().issue_claim_code(asking).await.refused();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let code = practice.code(&record).await.unwrap();
    let everything = practice.service.everything().await;
    assert!(everything.contains("patient_claim"));
    assert!(!everything.contains(&code) && !everything.contains(&code.replace('-', "")));
}

#[tokio::test]
async fn a_code_works_for_a_fortnight() {
    let practice = Practice::open().await;
    let code = practice.code(&practice.record()).await.unwrap();
    let issued = Clock::system().now();
    let records = Records::new(Peer::new("patient-svc", &practice.url, None).unwrap());
    let claims = Claims::new(store(&config(&practice.service.database, &[])), records);
    let check = async |at: Timestamp| {
        let code = ClaimCode::try_from(code.clone());
        claims.check("code", code, at).await.map(drop).map_err(Status::from)
    };
    let fortnight = SignedDuration::from_hours(14 * 24);
    check(issued + fortnight - SignedDuration::from_mins(1)).await.unwrap();
    assert_eq!(fields(&check(issued + fortnight).await.refused()), ["code"]);
}

#[tokio::test]
async fn a_code_that_is_ruled_out_between_looking_at_it_and_using_it_links_nobody() {
    let practice = Practice::open().await;
    let record = practice.record();
    let code = ClaimCode::try_from(practice.code(&record).await.unwrap());
    let records = Records::new(Peer::new("patient-svc", &practice.url, None).unwrap());
    let (store, now) = (store(&config(&practice.service.database, &[])), Clock::system().now());
    let claim = Claims::new(store.clone(), records).check("code", code, now).await.unwrap();
    assert!(!practice.has_account(&record).await);
    let mut connection = store.connection().await.unwrap();
    let tx = connection.begin().await.unwrap();
    let refused = claim.spend(&tx, now).await.map_err(Status::from).refused();
    assert_eq!(fields(&refused), ["code"]);

    // Whoever is faster is seen.
    let code = practice.code(&record).await.unwrap();
    practice.registers_with(&code).await.unwrap();
    assert!(practice.has_account(&record).await);
}

#[tokio::test]
async fn whoever_is_using_a_code_is_waited_for() {
    let practice = Practice::open().await;
    let record = practice.record();
    practice.code(&record).await.unwrap();
    let (user, _) = practice.newcomer().await;
    let database = practice.service.owner().await;
    let claim = format!(
        "BEGIN; UPDATE auth.one_time_tokens SET used_at = now() WHERE subject_id = '{record}';
         UPDATE auth.users SET patient_id = '{record}' WHERE id = '{}'",
        user.id
    );
    database.batch_execute(&claim).await.unwrap();
    let claimed = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        database.batch_execute("COMMIT").await.unwrap();
    };
    let (has_account, ()) = tokio::join!(practice.has_account(&record), claimed);
    assert!(has_account);
}

#[tokio::test]
async fn without_patient_svc_nobody_claims_and_everybody_registers() {
    let service = Service::replica(database().await, &[]).await;
    let user = service.registers("", someone()).await.unwrap();
    let tokens = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let request = by(&tokens.access_token, ClaimPatientRequest { code: "0000-0000-0000-0000".to_owned() });
    let refused = service.accounts.clone().claim_patient(request).await.refused();
    assert_eq!(refused.code(), Code::Unavailable);
}
