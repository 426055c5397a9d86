//! The root secret, exchanged by the steps of docs/deployment.md while everybody goes on.
use crate::recovery::token;
use crate::webhooks::taken;
use local::service::Service;
use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::authenticator::{Authenticator, challenge, completes};
use tests::clinic::{at, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, Patient, Staff, text};
use tests::rest::{PATIENCE, Rest};
use tokio::net::TcpListener;
use tokio::time::timeout;

const NEW: &str = "Aq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!";
const HERE: &str = "192.0.2.1";

/// Those who go on, and what they have from before.
struct World {
    admin: Admin,
    anyone: Rest,
    doctor: Doctor,
    patient: Patient,
    /// With a second factor each.
    staff: Vec<(Staff, Authenticator)>,
    /// The path behind a link in a mail.
    link: String,
    calendar: String,
    /// Of the second page of a list.
    page: String,
    /// Of a mail about a forgotten password.
    reset: String,
    webhook: Webhook,
    listener: TcpListener,
}

impl World {
    async fn of(mesh: &Mesh) -> Self {
        let admin = mesh.admin().await;
        let (doctor, patient) = (admin.doctor().await, admin.patient().await);
        let mut staff = Vec::new();
        for _ in 0..8 {
            let person = admin.staff().await;
            let phone = Authenticator::of(&person).await;
            staff.push((person, phone));
        }
        patient.books(&doctor, at(2, 9, 0)).await.created();
        let mail = mesh.mail_to(&patient.email, "booked").await.text;
        let link = mail.split_whitespace().find_map(|word| {
            let path = &word[word.find("/visits/")?..];
            path.ends_with("/confirm").then(|| path.to_owned())
        });
        let feed = patient.put(&format!("/api/patients/{}/calendar-feed", patient.id), json!({})).await.ok();
        let url = text(&feed, "url");
        let first = admin.get("/api/users?limit=1").await;
        let next = first.header("link").trim_start_matches('<').split('>').next().unwrap().to_owned();
        let email = admin.patient().await.email;
        admin.post("/api/auth/password-reset", json!({ "email": email })).await.is(202);
        let reset = token(&mesh.mail_to(&email, "choose a new password").await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = format!("http://{}/clinic", listener.local_addr().unwrap());
        let wish = json!({ "url": receiver, "events": ["appointment.booked"] });
        let secret = text(&admin.post("/api/webhooks", wish).await.created(), "secret");
        Self {
            anyone: admin.rest.anonymous(),
            admin,
            doctor,
            patient,
            staff,
            link: link.unwrap(),
            calendar: url[url.find("/calendars/").unwrap()..].to_owned(),
            page: next,
            reset,
            webhook: Webhook::new(&secret).unwrap(),
            listener,
        }
    }

    /// What somebody can still do with what they had before.
    async fn goes_on(&self) {
        let shown = self.anyone.get(&self.link).await.ok();
        assert!(shown.as_str().unwrap().contains("Dora Doctor"), "{shown}");
        assert_eq!(self.anyone.get(&self.calendar).await.status, 200);
        let records = format!("/api/patients/{}/records", self.patient.id);
        self.doctor.get(&records).await.ok();
    }

    /// The `number`th visit: a time is held, asked for again, booked, and written about.
    async fn visits(&self, number: i64) {
        let start = at(3 + number / 24, i8::try_from(number % 24).unwrap(), 0);
        let mut wish = json!({ "doctor_id": self.doctor.id, "start_time": start.to_string() });
        let key = format!("hold-of-visit-{number}");
        let named = [("idempotency-key", key.as_str())];
        let hold = async || {
            self.patient.send(Method::POST, "/api/appointments/holds", Some(wish.clone()), &named).await
        };
        let (held, again) = (hold().await.is(201), hold().await.is(201));
        assert_eq!(text(&held, "hold_token"), text(&again, "hold_token"));
        wish["hold_token"] = held["hold_token"].clone();
        let visit = self.patient.post("/api/appointments/", wish).await.created();
        self.patient.get(&path(&visit)).await.ok();
        let records = format!("/api/patients/{}/records", self.patient.id);
        let record = json!({ "appointment_id": visit["id"], "diagnosis": format!("Visit {number}") });
        let made = self.doctor.post(&records, record).await.created();
        let read = self.patient.get(&format!("/api/records/{}", text(&made, "id"))).await.ok();
        assert_eq!(read["diagnosis"], format!("Visit {number}"));
    }

    /// Somebody logs in with a code, and stays so.
    async fn logs_in(&self, number: usize) {
        let (staff, phone) = &self.staff[number % self.staff.len()];
        // First, since there may be a wait for it: a challenge does not outlive the last step.
        let code = json!({ "code": phone.code().await });
        let begun = challenge(&self.anyone, &staff.email, HERE).await;
        let mut tokens = completes(&self.anyone, &begun, code, HERE).await.ok();
        for _ in 0..2 {
            let refresh = json!({ "refresh_token": tokens["refresh_token"] });
            tokens = self.anyone.post("/api/auth/refresh", refresh).await.ok();
            let caller = self.anyone.with_token(&text(&tokens, "access_token"));
            for service in ["/api/auth/me", "/api/doctors", "/api/patients", "/api/notifications"] {
                caller.get(service).await.ok();
            }
        }
    }

    /// The visit that is told of by what is posted next, and signed with the secret of before.
    async fn hears(&self) -> String {
        let post = taken(self.listener.accept().await.unwrap().0).await;
        self.webhook.verify(&post.body, &post.headers).unwrap();
        text(&serde_json::from_slice::<Value>(&post.body).unwrap(), "subject")
    }

    /// Starts every process anew with `settings`, one after another.
    async fn roll(&self, mesh: &Mesh, settings: &[(&str, &str)]) {
        for service in Service::ALL {
            for (place, replica) in mesh.processes.of(service).iter().enumerate() {
                for (name, value) in settings {
                    replica.server.set(name, value);
                }
                mesh.exchange(service, place, &self.anyone).await;
            }
        }
    }
}

/// Whether a command of a service succeeds, and what it says.
async fn run(mesh: &Mesh, service: Service, command: &[&str], other: &[(&str, &str)]) -> (bool, String) {
    let ran = mesh.processes.of(service)[0].server.run(command, other).await.unwrap();
    (ran.status.success(), String::from_utf8(ran.stdout).unwrap())
}

const RESEALED: [Service; 3] = [Service::Auth, Service::Patient, Service::Notification];
const ALONE: (&str, &str) = ("SECRET_KEY_ACCEPTED", "");

#[tokio::test]
async fn the_root_secret_is_exchanged_and_nobody_notices() {
    let mesh = Mesh::start(|options| options.replicas = 2).await;
    let old = mesh.ground.options().secrets.secret_key;
    let world = World::of(&mesh).await;
    let (is_over, pages_last) = (Cell::new(false), Cell::new(true));
    let rounds = Cell::new(0);

    let exchange = async {
        // It is signed each minute.
        mesh.until_logged(Service::Patient, "signed the audit log", PATIENCE * 3).await;
        world.roll(&mesh, &[("SECRET_KEY_ACCEPTED", NEW)]).await;
        world.roll(&mesh, &[("SECRET_KEY", NEW), ("SECRET_KEY_ACCEPTED", &old)]).await;
        for service in RESEALED {
            let (is_done, told) = run(&mesh, service, &["reseal"], &[ALONE]).await;
            assert!(!is_done, "without the old secret: {told}");
        }
        let verify = ["audit-verify"];
        assert!(!run(&mesh, Service::Patient, &verify, &[ALONE]).await.0);
        for service in RESEALED {
            let (is_done, told) = run(&mesh, service, &["reseal"], &[]).await;
            assert!(is_done && told.contains("ok   nothing here"), "{service}: {told}");
            assert!(run(&mesh, service, &["reseal"], &[ALONE]).await.0, "{service} needs the old secret");
        }
        let (is_whole, told) = run(&mesh, Service::Patient, &verify, &[ALONE]).await;
        assert!(is_whole, "{told}");
        pages_last.set(false);
        let before = rounds.get();
        world.roll(&mesh, &[ALONE]).await;
        assert!(rounds.get() > before, "nobody has gone on meanwhile");
        is_over.set(true);
    };
    let visits = async {
        while !is_over.get() {
            world.visits(rounds.get()).await;
            world.goes_on().await;
            if pages_last.get() {
                world.admin.get(&world.page).await.ok();
            }
            rounds.set(rounds.get() + 1);
        }
    };
    let log_ins = async {
        let mut number = 0;
        while !is_over.get() {
            world.logs_in(number).await;
            number += 1;
        }
    };
    let mut heard = BTreeSet::new();
    let posts = async {
        while !is_over.get() {
            // What is cut off is posted again.
            if let Ok(visit) = timeout(Duration::from_secs(1), world.hears()).await {
                heard.insert(visit);
            }
        }
    };
    tokio::join!(exchange, visits, log_ins, posts);

    // With the new secret alone.
    world.visits(rounds.get()).await;
    world.goes_on().await;
    world.logs_in(0).await;
    let reset = json!({ "token": world.reset, "new_password": "staples for battery horses" });
    assert_eq!(world.anyone.post("/api/auth/password-reset/confirm", reset).await.status, 204);
    let booked = usize::try_from(rounds.get()).unwrap() + 1;
    while heard.len() < booked {
        heard.insert(timeout(PATIENCE, world.hears()).await.expect("every visit is told of"));
    }
}
