use serde_json::{Value, json};
use tests::mesh::Mesh;
use tests::people::{PASSWORD, fresh_email, log_in, text};
use tests::rest::Rest;

async fn registered(mesh: &Mesh) -> (String, Value) {
    let email = fresh_email("self");
    let account = json!({ "email": email, "password": PASSWORD, "full_name": "Sam Self" });
    let user = mesh.anyone().post("/api/auth/register", account).await.created();
    (email, user)
}

#[tokio::test]
async fn whoever_registers_is_a_patient_and_can_log_in_by_form_and_by_json() {
    let mesh = Mesh::shared().await;
    let (email, user) = registered(&mesh).await;
    assert_eq!(user["role"], "patient");
    assert!(user.get("password").is_none());

    let form = [("username", email.as_str()), ("password", PASSWORD)];
    let tokens = mesh.anyone().post_form("/api/auth/login", &form).await.ok();
    assert_eq!(tokens["token_type"].as_str().unwrap().to_lowercase(), "bearer");
    let body = json!({ "username": email.to_uppercase(), "password": PASSWORD });
    let tokens = mesh.anyone().post("/api/auth/login", body).await.ok();
    let me = mesh.anyone().with_token(&text(&tokens, "access_token")).get("/api/auth/me").await.ok();
    assert_eq!(me["id"], user["id"]);
    assert_eq!(me["email"], email);
}

#[tokio::test]
async fn a_newcomer_registers_makes_a_record_and_books_without_logging_in_again() {
    let mesh = Mesh::shared().await;
    let (email, user) = registered(&mesh).await;
    let newcomer = log_in(&mesh.anyone(), &email, PASSWORD).await;
    let record =
        json!({ "first_name": "Sam", "last_name": "Self", "date_of_birth": "1990-01-01", "email": email });
    let mut numbered = record.clone();
    numbered["identifiers"] = json!([{ "system": "mrn", "value": "MRN-1" }]);
    newcomer.post("/api/patients/", numbered).await.refused(403, "field_forbidden");
    let doctor = mesh.admin().await.doctor().await;
    let visit = tests::clinic::visit(&text(&user, "patient_id"), &doctor.id, tests::clinic::at(3, 9, 0));
    newcomer.post("/api/appointments/", visit.clone()).await.refused(409, "no_patient_record");

    let patient = newcomer.post("/api/patients/", record.clone()).await.created();
    assert_eq!(patient["id"], user["patient_id"]);
    newcomer.post("/api/patients/", record).await.refused(409, "patient_exists");
    newcomer.post("/api/appointments/", visit).await.created();
}

#[tokio::test]
async fn nobody_makes_themselves_more_than_a_patient() {
    let mesh = Mesh::shared().await;
    for role in ["admin", "staff", "doctor", "auditor"] {
        let account = json!({ "email": fresh_email("rogue"), "password": PASSWORD, "role": role });
        let problem = mesh.anyone().post("/api/auth/register", account).await.is(422);
        assert_eq!(problem["errors"][0]["pointer"], "/role", "{problem}");
    }
    let account = json!({ "email": fresh_email("rogue"), "password": PASSWORD, "is_admin": true });
    mesh.anyone().post("/api/auth/register", account).await.invalid(&["/is_admin"]);
}

#[tokio::test]
async fn an_address_has_one_account() {
    let mesh = Mesh::shared().await;
    let (email, _) = registered(&mesh).await;
    let again = json!({ "email": email.to_uppercase(), "password": PASSWORD });
    mesh.anyone().post("/api/auth/register", again).await.refused(409, "email_taken");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let mesh = Mesh::shared().await;
    let (email, _) = registered(&mesh).await;
    let unknown = fresh_email("nobody");
    let mut problems = Vec::new();
    for username in [email.as_str(), unknown.as_str()] {
        let form = [("username", username), ("password", "not the password, surely")];
        let mut problem =
            mesh.anyone().post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
        problem.as_object_mut().unwrap().remove("request_id");
        problems.push(problem);
    }
    assert_eq!(problems[0], problems[1]);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_using_it_again_ends_the_session() {
    let mesh = Mesh::shared().await;
    let (email, _) = registered(&mesh).await;
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    let first = mesh.anyone().post_form("/api/auth/login", &form).await.ok();
    let refresh = |tokens: &Value| json!({ "refresh_token": tokens["refresh_token"] });
    let second = mesh.anyone().post("/api/auth/refresh", refresh(&first)).await.ok();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    mesh.anyone().post("/api/auth/refresh", refresh(&first)).await.is(401);
    mesh.anyone().post("/api/auth/refresh", refresh(&second)).await.is(401);
}

#[tokio::test]
async fn a_session_ends_with_logging_out() {
    let mesh = Mesh::shared().await;
    let (email, _) = registered(&mesh).await;
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    let tokens = mesh.anyone().post_form("/api/auth/login", &form).await.ok();
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    let caller = mesh.anyone().with_token(&text(&tokens, "access_token"));
    let first = caller.post("/api/auth/logout", refresh.clone()).await;
    assert!((200..300).contains(&first.status), "{:?}", first.body);
    let second = caller.post("/api/auth/logout", refresh.clone()).await;
    assert!((200..300).contains(&second.status), "{:?}", second.body);
    mesh.anyone().post("/api/auth/refresh", refresh).await.is(401);
}

#[tokio::test]
async fn one_sees_where_one_is_logged_in_and_logs_out_there() {
    let mesh = Mesh::shared().await;
    let (email, user) = registered(&mesh).await;
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    let lost = mesh.anyone().post_form("/api/auth/login", &form).await.ok();
    let here = log_in(&mesh.anyone(), &email, PASSWORD).await;
    let sessions = here.get("/api/auth/sessions").await.ok();
    let current: Vec<bool> = sessions.as_array().unwrap().iter().map(|s| s["is_current"] == true).collect();
    assert_eq!(current, [true, false]);
    let first = here.get("/api/auth/sessions?limit=1").await;
    assert!(first.headers["link"].to_str().unwrap().contains("rel=\"next\""));

    let gone = format!("/api/auth/sessions/{}", text(&sessions[1], "id"));
    assert_eq!(here.delete(&gone).await.status, 204);
    let refresh = json!({ "refresh_token": lost["refresh_token"] });
    mesh.anyone().post("/api/auth/refresh", refresh).await.is(401);
    assert_eq!(here.get("/api/auth/sessions").await.ok().as_array().unwrap().len(), 1);

    assert_eq!(here.post("/api/auth/logout-all", json!(null)).await.status, 204);
    here.get("/api/auth/sessions").await.refused(401, "session_ended");
    let again = log_in(&mesh.anyone(), &email, PASSWORD).await;
    let revoke = format!("/api/users/{}/revoke-sessions", text(&user, "id"));
    assert_eq!(mesh.admin().await.post(&revoke, json!(null)).await.status, 204);
    again.get("/api/auth/sessions").await.refused(401, "session_ended");
}

#[tokio::test]
async fn one_changes_ones_password_and_nobody_guesses_it_there() {
    let mesh = Mesh::shared().await;
    let (email, _) = registered(&mesh).await;
    let (lost, here) =
        (log_in(&mesh.anyone(), &email, PASSWORD).await, log_in(&mesh.anyone(), &email, PASSWORD).await);
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let path = "/api/auth/change-password";
    let another = "staples for battery horses";
    here.post(path, change("not the password, surely", another)).await.refused(403, "wrong_password");
    here.post(path, change(PASSWORD, "too short")).await.invalid(&["/new_password"]);
    here.post(path, change(PASSWORD, &format!("{email} and more"))).await.invalid(&["/new_password"]);
    assert_eq!(here.post(path, change(PASSWORD, another)).await.status, 204);

    lost.get("/api/auth/me").await.refused(401, "session_ended");
    here.get("/api/auth/me").await.ok();
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    mesh.anyone().post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
    log_in(&mesh.anyone(), &email, another).await;
}

#[tokio::test]
async fn a_disabled_account_cannot_log_in() {
    let mesh = Mesh::shared().await;
    let (email, user) = registered(&mesh).await;
    let admin = mesh.admin().await;
    admin.put(&format!("/api/users/{}", text(&user, "id")), json!({ "is_active": false })).await.ok();
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    mesh.anyone().post_form("/api/auth/login", &form).await.refused(401, "invalid_credentials");
}

/// Reads something as `caller` until that is refused because the session has ended.
async fn is_shut_out(caller: &Rest) {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
    let asking = async {
        loop {
            looks.tick().await;
            let answer = caller.get("/api/doctors").await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let limit = std::time::Duration::from_secs(5);
    let answer = tokio::time::timeout(limit, asking).await.expect("shut out within seconds");
    answer.refused(401, "session_ended");
}

#[tokio::test]
async fn access_tokens_end_with_their_session_wherever_it_ends() {
    let mesh = Mesh::shared().await;
    let (email, user) = registered(&mesh).await;
    let form = [("username", email.as_str()), ("password", PASSWORD)];
    let tokens = mesh.anyone().post_form("/api/auth/login", &form).await.ok();
    let caller = mesh.anyone().with_token(&text(&tokens, "access_token"));
    let staying = log_in(&mesh.anyone(), &email, PASSWORD).await;
    caller.get("/api/doctors").await.ok();
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    assert_eq!(mesh.anyone().post("/api/auth/logout", refresh).await.status, 204);
    is_shut_out(&caller).await;
    staying.get("/api/doctors").await.ok();

    let path = format!("/api/users/{}", text(&user, "id"));
    mesh.admin().await.put(&path, json!({ "is_active": false })).await.ok();
    is_shut_out(&staying).await;
}

#[tokio::test]
async fn the_keys_are_public_and_private_parts_are_not() {
    let mesh = Mesh::shared().await;
    let jwks = mesh.anyone().get("/.well-known/jwks.json").await.ok();
    let key = &jwks["keys"][0];
    assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some("OKP"), Some("Ed25519")));
    assert!(key.get("d").is_none());
}

#[tokio::test]
async fn a_token_that_was_touched_is_refused() {
    let mesh = Mesh::shared().await;
    let (email, _) = registered(&mesh).await;
    let caller = log_in(&mesh.anyone(), &email, PASSWORD).await;
    let token = caller.token().unwrap().to_owned();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", head.split('.').nth(1).unwrap());
    for forged in
        [format!("{head}.{flipped}{}", &signature[1..]), format!("{head}."), unsigned, "x".repeat(5000)]
    {
        mesh.anyone().with_token(&forged).get("/api/auth/me").await.refused(401, "invalid_token");
    }
}
