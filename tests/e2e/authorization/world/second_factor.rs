//! Second factors that one cell may turn on and off.
use super::{Ask, World};
use serde_json::json;
use tests::authenticator::{Authenticator, challenge};
use tests::people::{PASSWORD, fresh_email, log_in};

impl World {
    /// Somebody like the persona, and their own second factor.
    pub(super) async fn second_factor(&self, operation: &str, persona: usize) -> Ask {
        let path = operation.split(' ').nth(1).unwrap().to_owned();
        let ask = |body| Ask { path, body: Some(body), headers: Vec::new(), untouched: None, caller: None };
        if operation == "POST /api/auth/login/totp" {
            let email = fresh_email("factor");
            let account = json!({ "email": email, "password": PASSWORD });
            self.anyone.post("/api/auth/register", account).await.created();
            let phone = Authenticator::of(&log_in(&self.anyone, &email, PASSWORD).await).await;
            let challenge = challenge(&self.anyone, &email, "192.0.2.1").await;
            return ask(json!({ "challenge": challenge, "code": phone.code().await }));
        }
        let person = self.alike(persona).await;
        let may_enrol = (2..9).contains(&persona);
        let body = match operation {
            "POST /api/auth/totp" => json!({ "current_password": PASSWORD }),
            "POST /api/auth/totp/confirm" if may_enrol => {
                json!({ "code": Authenticator::enrolled(&person).await.code().await })
            }
            "POST /api/auth/totp/confirm" => json!({ "code": "123456" }),
            _ if may_enrol => {
                let code = Authenticator::of(&person).await.code().await;
                json!({ "current_password": PASSWORD, "code": code })
            }
            _ => json!({ "current_password": PASSWORD, "code": "123456" }),
        };
        Ask { caller: Some(person), ..ask(body) }
    }
}
