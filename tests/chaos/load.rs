//! People who work all the time: they look for times, book, move, confirm and cancel, and look things up.
use crate::journal::{Deed, Journal};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use local::chance::Chance;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::clinic::{at, date_in, path, visit};
use tests::people::{Admin, PASSWORD, Patient, text};
use tests::rest::Answer;
use tokio::time::{Instant, sleep};

/// The gateway gives up after five seconds; whoever does not hear by then asks again.
const PATIENCE: Duration = Duration::from_secs(8);
const SEED: u64 = 20_261_128;

/// A visit, and what of it was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) start: Timestamp,
    pub(crate) status: &'static str,
    /// How often it was moved.
    pub(crate) moves: i64,
}

/// A patient with an account who has a doctor of their own.
pub(crate) struct Desk {
    patient: Patient,
    doctor: String,
    /// Of the session that it works in, but for the first, and unless it may be spent.
    refresh_token: Option<String>,
    chance: Chance,
    /// Times that nobody has had.
    free: Vec<Timestamp>,
}

pub(crate) async fn desks(admin: &Admin, count: u64) -> Vec<Desk> {
    let mut desks = Vec::new();
    for number in 0..count {
        let (doctor, patient) = (admin.doctor().await, admin.patient().await);
        let slots = (0..25_000).map(|slot: i64| at(3, 0, 0) + SignedDuration::from_mins(30 * slot));
        desks.push(Desk {
            patient,
            doctor: doctor.id.clone(),
            refresh_token: None,
            chance: Chance::new(SEED + number),
            free: slots.collect(),
        });
    }
    desks
}

/// Works until it is over; what was booked.
pub(crate) async fn work(desks: Vec<Desk>, journal: &Journal, is_over: &AtomicBool) -> Vec<Booked> {
    let work = desks.into_iter().map(|desk| desk.work(journal, is_over));
    join_all(work).await.into_iter().flatten().collect()
}

impl Desk {
    async fn work(mut self, journal: &Journal, is_over: &AtomicBool) -> Vec<Booked> {
        let mut booked = Vec::new();
        while !is_over.load(Relaxed) {
            let slots =
                format!("/api/appointments/doctor/{}/available-slots?date={}", self.doctor, date_in(3));
            self.look(journal, Deed::Visits, &slots).await;
            let start = self.free.pop().unwrap();
            let body = visit(&self.patient.id, &self.doctor, start);
            let made = self.surely(journal, Method::POST, "/api/appointments/", Some(body), 201).await;
            let mut visit = Booked {
                id: text(&made.body, "id"),
                path: path(&made.body),
                start,
                status: "scheduled",
                moves: 0,
            };
            self.look(journal, Deed::Visits, &visit.path.clone()).await;
            self.look(journal, Deed::Directory, &format!("/api/doctors/{}", self.doctor)).await;
            let patient = format!("/api/patients/{}", self.patient.id);
            self.look(journal, Deed::Patient, &patient).await;
            self.look(journal, Deed::Patient, &format!("{patient}/records")).await;
            match self.chance.below(4) {
                0 => self.move_it(journal, &mut visit).await,
                1 => self.cancel(journal, &mut visit).await,
                2 => {
                    self.move_it(journal, &mut visit).await;
                    self.cancel(journal, &mut visit).await;
                }
                _ => {}
            }
            match self.chance.below(10) {
                0 | 1 => self.log_in_anew(journal).await,
                2 => self.refresh(journal).await,
                _ => {}
            }
            self.look(journal, Deed::Account, "/api/auth/me").await;
            booked.push(visit);
            sleep(Duration::from_millis(self.chance.below(200).unsigned_abs().into())).await;
        }
        booked
    }

    /// Goes on with another session, and ends the one before: an account has only so many, and none for long.
    async fn log_in_anew(&mut self, journal: &Journal) {
        let asked = Instant::now();
        let form = json!({ "username": self.patient.email, "password": PASSWORD });
        let answer = self.patient.try_send(Method::POST, "/api/auth/login", Some(form), &[], PATIENCE).await;
        let Some(Answer { body, .. }) = journal.note(Deed::Account, asked, &[200], answer) else { return };
        self.patient.rest = self.patient.with_token(&text(&body, "access_token"));
        let Some(before) = self.refresh_token.replace(text(&body, "refresh_token")) else { return };
        let asked = Instant::now();
        let body = Some(json!({ "refresh_token": before }));
        let answer = self.patient.try_send(Method::POST, "/api/auth/logout", body, &[], PATIENCE).await;
        journal.note(Deed::Account, asked, &[200, 204], answer);
    }

    /// Goes on with new tokens. Whoever does not hear of them must not ask for them again: that would end the session.
    async fn refresh(&mut self, journal: &Journal) {
        let Some(token) = self.refresh_token.take() else { return };
        let asked = Instant::now();
        let body = Some(json!({ "refresh_token": token }));
        let answer = self.patient.try_send(Method::POST, "/api/auth/refresh", body, &[], PATIENCE).await;
        let Some(Answer { body, .. }) = journal.note(Deed::Account, asked, &[200], answer) else { return };
        self.patient.rest = self.patient.with_token(&text(&body, "access_token"));
        self.refresh_token = Some(text(&body, "refresh_token"));
    }

    async fn move_it(&mut self, journal: &Journal, visit: &mut Booked) {
        visit.start = self.free.pop().unwrap();
        let body = json!({ "start_time": visit.start.to_string() });
        self.surely(journal, Method::PUT, &visit.path, Some(body), 200).await;
        visit.moves += 1;
    }

    async fn cancel(&mut self, journal: &Journal, visit: &mut Booked) {
        self.surely(journal, Method::DELETE, &visit.path, None, 200).await;
        visit.status = "cancelled";
    }

    /// Asks once.
    async fn look(&self, journal: &Journal, deed: Deed, path: &str) {
        let asked = Instant::now();
        let answer = self.patient.try_send(Method::GET, path, None, &[], PATIENCE).await;
        journal.note(deed, asked, &[200], answer);
    }

    /// Asks until there is an answer, as one request.
    async fn surely(
        &self,
        journal: &Journal,
        method: Method,
        path: &str,
        body: Option<Value>,
        right: u16,
    ) -> Answer {
        let key = uuid::Uuid::now_v7().to_string();
        let headers = [("idempotency-key", key.as_str())];
        for _ in 0..600 {
            let asked = Instant::now();
            let answer = self.patient.try_send(method.clone(), path, body.clone(), &headers, PATIENCE).await;
            if let Some(answer) = journal.note(Deed::Visits, asked, &[right], answer) {
                return answer;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{method} {path} is still not answered");
    }
}
