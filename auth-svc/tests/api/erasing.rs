//! Patients who are erased, with all that their accounts had.
use crate::proxies::{acting_for, acts, grants, guardian};
use crate::second_factor::Person;
use crate::service::{Refused, Service, by_service, fields, fresh_id, reason};
use proto::auth as pb;

impl Service {
    async fn erases(&self, patient_id: &str) {
        let request = pb::ErasePatientAccountRequest { patient_id: patient_id.to_owned() };
        self.client.clone().erase_patient_account(by_service("patient-svc", request)).await.unwrap();
    }

    /// How many one-time tokens, authenticators, recovery codes, log-ins that wait for a code, and proxies there are of
    /// an account or a patient.
    async fn kept_of(&self, id: &str) -> [i64; 5] {
        let id: uuid::Uuid = id.parse().unwrap();
        let counts = "SELECT (SELECT count(*) FROM auth.one_time_tokens WHERE subject_id = $1),
                             (SELECT count(*) FROM auth.totp WHERE user_id = $1),
                             (SELECT count(*) FROM auth.recovery_codes WHERE user_id = $1),
                             (SELECT count(*) FROM auth.login_challenges WHERE user_id = $1),
                             (SELECT count(*) FROM auth.proxies WHERE $1 IN (user_id, patient_id))";
        let row = self.owner().await.query_one(counts, &[&id]).await.unwrap();
        [0, 1, 2, 3, 4].map(|column| row.get(column))
    }
}

#[tokio::test]
async fn what_an_erased_account_had_is_gone_and_what_others_have_stays() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let erased = Person::with_second_factor(&service).await;
    let user = service.current_user(&erased.tokens.access_token).await.unwrap();
    let request = pb::RequestPasswordResetRequest { email: user.email.clone() };
    service.accounts.clone().request_password_reset(request).await.unwrap();
    service.told(&user.id, "account.password_reset_requested", 1).await;
    let other = Person::with_second_factor(&service).await;
    let guardian_of_them = service.current_user(&other.tokens.access_token).await.unwrap();
    let child = fresh_id();
    let unproven = guardian(&child, &user);
    assert_eq!(fields(&grants(&service, &admin, unproven).await.refused()), ["email"]);
    service.owner().await.execute("UPDATE auth.users SET email_verified_at = now()", &[]).await.unwrap();
    for request in [
        guardian(&user.patient_id, &guardian_of_them),
        guardian(&child, &guardian_of_them),
        guardian(&child, &user),
    ] {
        grants(&service, &admin, request).await.unwrap();
    }
    let acting = acts(&service, &other.tokens.access_token, &user.patient_id).await.unwrap();
    let acting_for_the_child = acts(&service, &other.tokens.access_token, &child).await.unwrap();
    for person in [&erased, &other] {
        person.begins(&service).await;
    }
    let recovery_codes = i64::try_from(erased.recovery_codes.len()).unwrap();
    assert_eq!(service.kept_of(&user.id).await, [2, 1, recovery_codes, 1, 1]);
    assert_eq!(service.kept_of(&user.patient_id).await, [0, 0, 0, 0, 1]);
    let before = service.kept_of(&guardian_of_them.id).await;

    // Whoever asks again erases what is left.
    for _ in 0..2 {
        service.erases(&user.patient_id).await;
        for id in [&user.id, &user.patient_id] {
            assert_eq!(service.kept_of(id).await, [0; 5]);
        }
    }
    assert_eq!(reason(&service.current_user(&acting.access_token).await.refused()), "SESSION_ENDED");
    assert_eq!(reason(&service.refreshes(&acting.refresh_token).await.refused()), "REFRESH_TOKEN_INVALID");
    let [tokens, totp, recovery_codes, challenges, proxies] = before;
    assert_eq!(
        service.kept_of(&guardian_of_them.id).await,
        [tokens, totp, recovery_codes, challenges, proxies - 1]
    );
    assert!(service.current_user(&acting_for_the_child.access_token).await.is_ok());
    let still = acting_for(&service, &other.tokens.access_token).await;
    assert_eq!(still.iter().map(|proxy| proxy.patient_id.as_str()).collect::<Vec<_>>(), [child]);
}

#[tokio::test]
async fn nobody_acts_for_or_claims_an_erased_patient_who_had_no_account() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (parent, tokens) = service.person(pb::Role::Patient).await;
    let child = fresh_id();
    grants(&service, &admin, guardian(&child, &parent)).await.unwrap();
    let acting = acts(&service, &tokens.access_token, &child).await.unwrap();
    let other = fresh_id();
    // Nobody logs in as them, else there would be nothing to claim.
    let unclaimed = fresh_id();
    for patient_id in [&unclaimed, &other] {
        let request = pb::IssueClaimCodeRequest { patient_id: patient_id.clone() };
        service.accounts.clone().issue_claim_code(by_service("patient-svc", request)).await.unwrap();
    }
    service.erases(&child).await;
    service.erases(&unclaimed).await;
    assert_eq!(service.kept_of(&child).await, [0; 5]);
    assert_eq!(service.kept_of(&unclaimed).await, [0; 5]);
    assert_eq!(service.kept_of(&other).await, [1, 0, 0, 0, 0]);
    assert_eq!(reason(&service.current_user(&acting.access_token).await.refused()), "SESSION_ENDED");
    assert!(service.current_user(&tokens.access_token).await.is_ok());
}
