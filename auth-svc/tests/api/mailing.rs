//! Tokens that are mailed: asked for as notification-svc does, and looked for where they must not be.
use crate::service::{Refused, Service, by, by_service, someone};
use proto::auth::{AccountMessage, GetAccountMessageRequest, InviteUserRequest, ListReviewersRequest};
use proto::auth::{Role, User};
use serde_json::Value;
use tonic::{Code, Status};

/// What the others are told of.
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Service {
    /// The events about one account, oldest first.
    pub(crate) async fn events_of(&self, user: &str) -> Vec<Event> {
        let user: uuid::Uuid = user.parse().unwrap();
        let events = "SELECT event_type, data FROM auth.outbox WHERE aggregate_id = $1 ORDER BY position";
        let rows = self.owner().await.query(events, &[&user]).await.unwrap();
        rows.iter().map(|row| Event { kind: row.get(0), data: row.get(1) }).collect()
    }

    /// The newest event of that kind about an account, once there are `count` of them.
    pub(crate) async fn told(&self, user: &str, kind: &str, count: usize) -> Event {
        let waiting = async {
            loop {
                let mut events = self.events_of(user).await;
                events.retain(|event| event.kind == kind);
                if events.len() >= count {
                    return events.pop().unwrap();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await.expect("it is told")
    }

    /// What notification-svc writes about `event`.
    pub(crate) async fn message(&self, event: &Event) -> Result<AccountMessage, Status> {
        let text = |member: &str| event.data[member].as_str().unwrap_or_default().to_owned();
        let request = GetAccountMessageRequest { user_id: text("user_id"), token_id: text("token_id") };
        let request = by_service("notification-svc", request);
        Ok(self.accounts.clone().get_account_message(request).await?.into_inner())
    }

    /// Every row of this service as text.
    pub(crate) async fn everything(&self) -> String {
        let owner = self.owner().await;
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'auth'";
        let mut all = String::new();
        for table in owner.query(tables, &[]).await.unwrap() {
            let rows = format!("SELECT row_to_json(t)::text FROM auth.{} t", table.get::<_, String>(0));
            let rows = owner.query(&rows, &[]).await.unwrap();
            all.extend(rows.iter().map(|row| row.get::<_, String>(0)));
        }
        all
    }
}

#[tokio::test]
async fn what_is_mailed_is_told_to_nobody_but_who_mails_it() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let request =
        || GetAccountMessageRequest { user_id: crate::service::fresh_id(), token_id: String::new() };
    for asking in [by(&admin, request()), by_service("patient-svc", request())] {
        let refused = service.accounts.clone().get_account_message(asking).await.refused();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let unknown =
        service.accounts.clone().get_account_message(by_service("notification-svc", request())).await;
    assert_eq!(unknown.refused().code(), Code::NotFound);
}

#[tokio::test]
async fn auditors_are_told_of_emergencies_and_admins_while_there_is_none() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let reviewers = async || {
        let request = by_service("notification-svc", ListReviewersRequest {});
        service.accounts.clone().list_reviewers(request).await.unwrap().into_inner().user_ids
    };
    let first = service.current_user(&admin).await.unwrap().id;
    service.person(Role::Staff).await;
    // Invited, and not there yet.
    let invitee =
        InviteUserRequest { email: someone().email, role: Role::Auditor.into(), ..Default::default() };
    service.accounts.clone().invite_user(by(&admin, invitee)).await.unwrap();
    assert_eq!(reviewers().await, [first.as_str()]);

    let (one, _) = service.person(Role::Auditor).await;
    let (other, _) = service.person(Role::Auditor).await;
    assert_eq!(reviewers().await, [one.id.as_str(), &other.id]);
    for (leaving, left) in [(one.id, &other.id), (other.id.clone(), &first)] {
        let disabled = User { id: leaving, is_active: false, ..Default::default() };
        service.updates(&admin, disabled, &["is_active"]).await.unwrap();
        assert_eq!(reviewers().await, [left.as_str()]);
    }
    for asking in [by(&admin, ListReviewersRequest {}), by_service("patient-svc", ListReviewersRequest {})] {
        let refused = service.accounts.clone().list_reviewers(asking).await.refused();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}
