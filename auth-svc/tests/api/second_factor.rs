use crate::service::{PASSWORD, Refused, Service, by, database, fields, reason, someone};
use futures::future::join_all;
use platform::clock::Clock;
use proto::auth as pb;
use proto::auth::second_factor_proof::Proof;
use std::collections::BTreeSet;
use std::time::Duration;
use tonic::{Code, Status};
use totp_rs::{Builder, Totp};

/// Somebody with an authenticator.
pub(crate) struct Person {
    email: String,
    pub(crate) tokens: pb::TokenPair,
    totp: Totp,
    last_step: i64,
    pub(crate) recovery_codes: Vec<String>,
}

impl Person {
    /// Registered, with the second factor on.
    pub(crate) async fn with_second_factor(service: &Service) -> Self {
        let user = service.registers("", someone()).await.unwrap();
        let tokens = service.logs_in(&user.email, PASSWORD).await.unwrap();
        let enrolment = enrols(service, &tokens.access_token, PASSWORD).await.unwrap();
        let totp = authenticator(&enrolment.secret);
        let mut person = Self { email: user.email, tokens, totp, last_step: 0, recovery_codes: Vec::new() };
        let code = person.next_code().await;
        person.recovery_codes = confirms(service, &person.tokens.access_token, &code).await.unwrap();
        person
    }

    /// A code that was not shown before. The one of the step after this is taken, too, so two need no waiting.
    async fn next_code(&mut self) -> String {
        loop {
            let step = Clock::system().now().as_second() / 30;
            let next = step.max(self.last_step + 1);
            if next <= step + 1 {
                self.last_step = next;
                return self.totp.generate(u64::try_from(next).unwrap() * 30).to_string();
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Challenges of many log-ins, one after another: few passwords are hashed at a time.
    async fn begins_often(&self, service: &Service) -> Vec<String> {
        let mut challenges = Vec::new();
        for _ in 0..8 {
            challenges.push(self.begins(service).await);
        }
        challenges
    }

    /// The challenge of a log-in by password.
    pub(crate) async fn begins(&self, service: &Service) -> String {
        let refused = service.logs_in(&self.email, PASSWORD).await.refused();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::Unauthenticated, "SECOND_FACTOR_REQUIRED")
        );
        challenge(&refused)
    }
}

fn challenge(refused: &Status) -> String {
    use tonic_types::StatusExt as _;
    refused.get_details_error_info().unwrap().metadata["challenge"].clone()
}

fn authenticator(secret: &str) -> Totp {
    Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret).unwrap()).build().unwrap()
}

async fn enrols(service: &Service, token: &str, password: &str) -> Result<pb::TotpEnrolment, Status> {
    let request = pb::EnrolTotpRequest { current_password: password.to_owned() };
    Ok(service.second_factor.clone().enrol_totp(by(token, request)).await?.into_inner())
}

async fn confirms(service: &Service, token: &str, code: &str) -> Result<Vec<String>, Status> {
    let request = pb::ConfirmTotpRequest { code: code.to_owned() };
    Ok(service.second_factor.clone().confirm_totp(by(token, request)).await?.into_inner().codes)
}

fn code(code: &str) -> pb::SecondFactorProof {
    pb::SecondFactorProof { proof: Some(Proof::Code(code.to_owned())) }
}

fn recovery_code(code: &str) -> pb::SecondFactorProof {
    pb::SecondFactorProof { proof: Some(Proof::RecoveryCode(code.to_owned())) }
}

async fn completes(
    service: &Service,
    challenge: &str,
    proof: impl Into<Option<pb::SecondFactorProof>>,
) -> Result<pb::TokenPair, Status> {
    let request = pb::CompleteLoginRequest { challenge: challenge.to_owned(), proof: proof.into() };
    Ok(service.second_factor.clone().complete_login(request).await?.into_inner())
}

async fn removes(
    service: &Service,
    token: &str,
    password: &str,
    proof: impl Into<Option<pb::SecondFactorProof>>,
) -> Result<(), Status> {
    let request = pb::RemoveTotpRequest { current_password: password.to_owned(), proof: proof.into() };
    service.second_factor.clone().remove_totp(by(token, request)).await.map(drop)
}

/// The `amr` claim.
fn methods(tokens: &pb::TokenPair) -> Vec<String> {
    let claims = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(&tokens.access_token).unwrap();
    serde_json::from_value(claims.claims["amr"].clone()).unwrap()
}

/// A code that is not the one of any step around now, whoever's authenticator it is.
fn wrong_code(person: &Person) -> String {
    let now = u64::try_from(Clock::system().now().as_second()).unwrap();
    let right: BTreeSet<String> =
        (0..5).map(|step| person.totp.generate(now + step * 30 - 60).to_string()).collect();
    (0..10).map(|code| format!("{code:06}")).find(|code| !right.contains(code)).unwrap()
}

#[tokio::test]
async fn whoever_has_a_second_factor_logs_in_with_a_code_that_works_once() {
    let service = Service::start().await;
    let mut person = Person::with_second_factor(&service).await;
    let refused = service.logs_in(&person.email, "not the password of this account").await.refused();
    assert_eq!(reason(&refused), "INVALID_CREDENTIALS");

    let challenge = person.begins(&service).await;
    let shown = person.next_code().await;
    let tokens = completes(&service, &challenge, code(&shown)).await.unwrap();
    assert!(service.current_user(&tokens.access_token).await.is_ok());
    assert_eq!(methods(&tokens), ["pwd", "otp", "mfa"]);
    assert_eq!(methods(&service.refreshes(&tokens.refresh_token).await.unwrap()), ["pwd", "otp", "mfa"]);

    let over = completes(&service, &challenge, code(&shown)).await.refused();
    assert_eq!((over.code(), reason(&over).as_str()), (Code::Unauthenticated, "CHALLENGE_EXPIRED"));
    let again = completes(&service, &person.begins(&service).await, code(&shown)).await.refused();
    assert_eq!((again.code(), reason(&again).as_str()), (Code::Unauthenticated, "WRONG_CODE"));
}

#[tokio::test]
async fn a_code_with_the_password_logs_in_at_once() {
    let service = Service::start().await;
    let mut person = Person::with_second_factor(&service).await;
    let log_in = |password: &str, totp: &str| {
        let (username, password) = (person.email.clone(), password.to_owned());
        pb::LoginRequest { username, password, totp: totp.to_owned(), ..Default::default() }
    };
    let wrong = service.client.clone().login(log_in(PASSWORD, &wrong_code(&person))).await.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::Unauthenticated, "WRONG_CODE"));
    let malformed = service.client.clone().login(log_in(PASSWORD, "12345")).await.refused();
    assert_eq!(fields(&malformed), ["totp"]);
    let right = person.totp.generate(u64::try_from(person.last_step + 1).unwrap() * 30).to_string();
    let blind = service.client.clone().login(log_in("not the password of this one", &right)).await.refused();
    assert_eq!(reason(&blind), "INVALID_CREDENTIALS");
    let right = person.next_code().await;
    let log_in = pb::LoginRequest {
        username: person.email.clone(),
        password: PASSWORD.to_owned(),
        totp: right,
        ..Default::default()
    };
    let tokens = service.client.clone().login(log_in).await.unwrap().into_inner();
    assert_eq!(methods(&tokens), ["pwd", "otp", "mfa"]);
}

#[tokio::test]
async fn of_many_who_show_one_code_at_once_one_gets_in() {
    let service = Service::start().await;
    let mut person = Person::with_second_factor(&service).await;
    let challenges = person.begins_often(&service).await;
    let shown = person.next_code().await;
    let tries = challenges.iter().map(|challenge| completes(&service, challenge, code(&shown)));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(tries).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.into_iter().all(|lost| reason(&lost.refused()) == "WRONG_CODE"));

    let challenges = person.begins_often(&service).await;
    let shown = &person.recovery_codes[0];
    let tries = challenges.iter().map(|challenge| completes(&service, challenge, recovery_code(shown)));
    assert_eq!(join_all(tries).await.into_iter().flatten().count(), 1);
}

#[tokio::test]
async fn five_wrong_codes_end_a_log_in_and_so_does_time() {
    let service = Service::start().await;
    let person = Person::with_second_factor(&service).await;
    let challenge = person.begins(&service).await;
    for _ in 0..5 {
        let wrong = completes(&service, &challenge, code(&wrong_code(&person))).await.refused();
        assert_eq!(reason(&wrong), "WRONG_CODE");
    }
    let late = completes(&service, &challenge, recovery_code(&person.recovery_codes[0])).await.refused();
    assert_eq!(reason(&late), "CHALLENGE_EXPIRED");

    let challenge = person.begins(&service).await;
    let outdate = "UPDATE auth.login_challenges SET expires_at = expires_at - interval '5 minutes'";
    service.owner().await.execute(outdate, &[]).await.unwrap();
    let late = completes(&service, &challenge, recovery_code(&person.recovery_codes[0])).await.refused();
    assert_eq!(reason(&late), "CHALLENGE_EXPIRED");
    assert_eq!(reason(&completes(&service, "lc_x", code("123456")).await.refused()), "CHALLENGE_EXPIRED");
    let challenge = person.begins(&service).await;
    assert!(completes(&service, &challenge, recovery_code(&person.recovery_codes[0])).await.is_ok());
}

#[tokio::test]
async fn whoever_changes_the_password_shuts_out_those_who_have_begun_to_log_in() {
    let service = Service::start().await;
    let person = Person::with_second_factor(&service).await;
    let challenge = person.begins(&service).await;
    let change = pb::ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: "staples for battery horses".to_owned(),
    };
    service.client.clone().change_password(by(&person.tokens.access_token, change)).await.unwrap();
    let late = completes(&service, &challenge, recovery_code(&person.recovery_codes[0])).await.refused();
    assert_eq!(reason(&late), "CHALLENGE_EXPIRED");
}

#[tokio::test]
async fn a_recovery_code_works_once_and_others_can_be_had_instead() {
    let service = Service::start().await;
    let person = Person::with_second_factor(&service).await;
    let codes = person.recovery_codes.clone();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);
    let used = recovery_code(&codes[0].to_lowercase());
    let tokens = completes(&service, &person.begins(&service).await, used.clone()).await.unwrap();
    assert_eq!(methods(&tokens), ["pwd", "otp", "mfa"]);
    let again = completes(&service, &person.begins(&service).await, used).await.refused();
    assert_eq!(reason(&again), "WRONG_CODE");

    let renew = |password: &str, proof: Option<pb::SecondFactorProof>| {
        let request = pb::RenewRecoveryCodesRequest { current_password: password.to_owned(), proof };
        let request = by(&tokens.access_token, request);
        let mut client = service.second_factor.clone();
        async move { client.renew_recovery_codes(request).await.map(|codes| codes.into_inner().codes) }
    };
    let wrong = renew("not the password of this account", Some(recovery_code(&codes[1]))).await.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::PermissionDenied, "WRONG_PASSWORD"));
    let wrong = renew(PASSWORD, Some(code(&wrong_code(&person)))).await.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::PermissionDenied, "WRONG_CODE"));
    assert_eq!(fields(&renew(PASSWORD, Some(recovery_code("x"))).await.refused()), ["recovery_code"]);
    assert_eq!(fields(&renew(PASSWORD, None).await.refused()), ["code"]);
    let others = renew(PASSWORD, Some(recovery_code(&codes[1]))).await.unwrap();
    let old = completes(&service, &person.begins(&service).await, recovery_code(&codes[2])).await.refused();
    assert_eq!(reason(&old), "WRONG_CODE");
    assert!(completes(&service, &person.begins(&service).await, recovery_code(&others[0])).await.is_ok());
}

#[tokio::test]
async fn turning_it_on_takes_the_password_and_a_code_and_ends_other_sessions() {
    let service = Service::start().await;
    let user = service.registers("", someone()).await.unwrap();
    let tokens = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let other = service.logs_in(&user.email, PASSWORD).await.unwrap();
    let token = &tokens.access_token;
    let early = confirms(&service, token, "123456").await.refused();
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "TOTP_NOT_ENROLLED"));
    let wrong = enrols(&service, token, "not the password of this account").await.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::PermissionDenied, "WRONG_PASSWORD"));

    let given_up = enrols(&service, token, PASSWORD).await.unwrap();
    let enrolment = enrols(&service, token, PASSWORD).await.unwrap();
    assert_ne!(given_up.secret, enrolment.secret);
    assert_eq!(Totp::from_url(&enrolment.uri).unwrap().secret().to_base32(), enrolment.secret);
    let stored = "SELECT sealed FROM auth.totp";
    let stored: Vec<u8> = service.owner().await.query_one(stored, &[]).await.unwrap().get(0);
    let totp = authenticator(&enrolment.secret);
    assert!(!stored.windows(20).any(|window| window == totp.secret().as_bytes()));
    // Not on yet.
    assert!(service.logs_in(&user.email, PASSWORD).await.is_ok());

    let now = u64::try_from(Clock::system().now().as_second()).unwrap();
    let wrong = confirms(&service, token, &authenticator(&given_up.secret).generate(now).to_string()).await;
    let wrong = wrong.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::PermissionDenied, "WRONG_CODE"));
    assert_eq!(fields(&confirms(&service, token, "12345").await.refused()), ["code"]);
    confirms(&service, token, &totp.generate(now).to_string()).await.unwrap();
    assert_eq!(reason(&enrols(&service, token, PASSWORD).await.refused()), "TOTP_ENABLED");
    assert_eq!(reason(&confirms(&service, token, "123456").await.refused()), "TOTP_ENABLED");

    assert_eq!(reason(&service.current_user(&other.access_token).await.refused()), "SESSION_ENDED");
    assert_eq!(methods(&service.refreshes(&tokens.refresh_token).await.unwrap()), ["pwd", "otp", "mfa"]);
}

#[tokio::test]
async fn turning_it_off_takes_the_password_and_a_code() {
    let service = Service::start().await;
    let person = Person::with_second_factor(&service).await;
    let token = &person.tokens.access_token;
    let proof = || recovery_code(&person.recovery_codes[0]);
    let wrong = removes(&service, token, "not the password of this account", proof()).await.refused();
    assert_eq!(reason(&wrong), "WRONG_PASSWORD");
    let wrong = removes(&service, token, PASSWORD, code(&wrong_code(&person))).await.refused();
    assert_eq!((wrong.code(), reason(&wrong).as_str()), (Code::PermissionDenied, "WRONG_CODE"));
    person.begins(&service).await;

    removes(&service, token, PASSWORD, proof()).await.unwrap();
    assert!(service.logs_in(&person.email, PASSWORD).await.is_ok());
    assert_eq!(methods(&service.refreshes(&person.tokens.refresh_token).await.unwrap()), ["pwd"]);
    let off = removes(&service, token, PASSWORD, proof()).await.refused();
    assert_eq!((off.code(), reason(&off).as_str()), (Code::FailedPrecondition, "TOTP_NOT_ENABLED"));
}

#[tokio::test]
async fn administrators_turn_it_off_for_others_only() {
    let service = Service::start().await;
    let person = Person::with_second_factor(&service).await;
    let id = service.current_user(&person.tokens.access_token).await.unwrap().id;
    let remove = |token: &str, user_id: &str| {
        let request = by(token, pb::RemoveUserTotpRequest { user_id: user_id.to_owned() });
        let mut client = service.second_factor.clone();
        async move { client.remove_user_totp(request).await.map(drop) }
    };
    let (_, staff) = service.person(pb::Role::Staff).await;
    assert_eq!(remove(&staff.access_token, &id).await.refused().code(), Code::PermissionDenied);
    assert_eq!(remove(&person.tokens.access_token, &id).await.refused().code(), Code::PermissionDenied);
    let (admin, tokens) = service.person(pb::Role::Admin).await;
    let own = remove(&tokens.access_token, &admin.id).await.refused();
    assert_eq!((own.code(), reason(&own).as_str()), (Code::FailedPrecondition, "OWN_SECOND_FACTOR"));
    let unknown = remove(&tokens.access_token, &crate::service::fresh_id()).await.refused();
    assert_eq!(reason(&unknown), "USER_NOT_FOUND");
    person.begins(&service).await;

    for _ in 0..2 {
        remove(&tokens.access_token, &id).await.unwrap();
    }
    assert_eq!(reason(&service.current_user(&person.tokens.access_token).await.refused()), "SESSION_ENDED");
    assert!(service.logs_in(&person.email, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn who_must_have_a_second_factor_can_do_nothing_but_set_one_up() {
    let database = database().await;
    let lenient = Service::replica(database.clone(), &[]).await;
    let service = Service::replica(database, &["--require-second-factor=staff,admin"]).await;
    let (admin, _) = lenient.person(pb::Role::Admin).await;
    let tokens = service.logs_in(&admin.email, PASSWORD).await.unwrap();
    let token = &tokens.access_token;
    let lists = |token: &str| {
        let request = by(token, pb::ListUsersRequest::default());
        let mut client = service.client.clone();
        async move { client.list_users(request).await.map(drop) }
    };
    let refused = lists(token).await.refused();
    let required = "SECOND_FACTOR_ENROLMENT_REQUIRED";
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, required));
    let change = pb::ChangePasswordRequest::default();
    let refused = service.client.clone().change_password(by(token, change)).await.map(drop).refused();
    assert_eq!(reason(&refused), required);
    let another = pb::RegisterRequest { role: pb::Role::Admin.into(), ..someone() };
    assert_eq!(fields(&service.registers(token, another).await.refused()), ["role"]);
    assert!(service.current_user(token).await.unwrap() == admin);

    let enrolment = enrols(&service, token, PASSWORD).await.unwrap();
    let now = u64::try_from(Clock::system().now().as_second()).unwrap();
    let shown = authenticator(&enrolment.secret).generate(now).to_string();
    let codes = confirms(&service, token, &shown).await.unwrap();
    assert_eq!(reason(&lists(token).await.refused()), required);
    let renewed = service.refreshes(&tokens.refresh_token).await.unwrap();
    lists(&renewed.access_token).await.unwrap();

    // Whoever turns it off is where they were.
    removes(&service, &renewed.access_token, PASSWORD, recovery_code(&codes[0])).await.unwrap();
    let renewed = service.refreshes(&renewed.refresh_token).await.unwrap();
    assert_eq!(reason(&lists(&renewed.access_token).await.refused()), required);
    service.logs_out(&renewed.refresh_token).await.unwrap();

    let patient = service.registers("", someone()).await.unwrap();
    let tokens = service.logs_in(&patient.email, PASSWORD).await.unwrap();
    let sessions = by(&tokens.access_token, pb::ListSessionsRequest::default());
    assert!(service.client.clone().list_sessions(sessions).await.is_ok());
    assert!(!is_limited(&tokens));
}

/// Whether a token is limited to some scopes.
fn is_limited(tokens: &pb::TokenPair) -> bool {
    let claims = jsonwebtoken::dangerous::insecure_decode::<serde_json::Value>(&tokens.access_token).unwrap();
    claims.claims.get("scope").is_some()
}
