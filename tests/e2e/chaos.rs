//! Visits are booked, moved, confirmed and cancelled while the broker, the database's connections and the mail server die
//! at random: everybody is told of everything once, of nothing that is over, and nothing is lost.
use futures::future::join_all;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use local::chance::Chance;
use local::mail::Message;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::clinic::{all_is_told, at, now, path};
use tests::mesh::Mesh;
use tests::people::{Admin, Doctor, text};
use tests::rest::{Answer, Rest};
use tokio::time::sleep;
use tokio_postgres::Client;

/// Doctors, each with visits of one patient.
const DOCTORS: usize = 12;
/// How long things die.
const UNREST: Duration = Duration::from_secs(90);
/// Longest time from the moment at which it is found out what to write to the moment at which the mail server has it: a
/// message that is cut off is written anew.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(5);
const SEED: u64 = 20_261_127;

/// One visit, and what has become of it so far.
struct Visit {
    id: String,
    path: String,
    states: Vec<State>,
}

/// How a visit stood, from about then on.
#[derive(Clone, Copy, Debug)]
struct State {
    /// When it was asked for, and when it was answered.
    between: [Timestamp; 2],
    start: Timestamp,
    is_cancelled: bool,
}

impl Visit {
    /// Whether it stood so at some moment in `span`.
    fn was(&self, span: [Timestamp; 2], is_so: impl Fn(&State) -> bool) -> bool {
        self.states.iter().enumerate().any(|(index, state)| {
            let until = self.states.get(index + 1).map_or(Timestamp::MAX, |next| next.between[1]);
            is_so(state) && state.between[0] <= span[1] && span[0] <= until
        })
    }

    fn last(&self) -> &State {
        self.states.last().unwrap()
    }
}

#[tokio::test]
async fn whatever_dies_everybody_is_told_once_and_of_nothing_that_is_over() {
    let mesh = Mesh::with_own_stores(|options| {
        options.replicas = 2;
        options.env.push(("QUIET_HOURS".to_owned(), "none".to_owned()));
    })
    .await;
    let admin = mesh.admin().await;
    let doctors = join_all((0..DOCTORS).map(|_| admin.doctor())).await;
    let patients = join_all((0..DOCTORS).map(|_| admin.patient())).await;
    let soon = Timestamp::from_second((now().as_second() / 300 + 5) * 300).unwrap();
    let (visit_type, due) = reminded_in_the_middle(&admin, &doctors, soon).await;

    let is_over = AtomicBool::new(false);
    let work = doctors.iter().zip(&patients).enumerate().map(|(number, (doctor, patient))| {
        let desk = Desk {
            rest: admin.rest.clone(),
            doctor: doctor.id.clone(),
            patient: patient.id.clone(),
            chance: Chance::new(SEED + u64::try_from(number).unwrap()),
            free: (0..)
                .map(|slot: i64| at(3, 0, 0) + SignedDuration::from_mins(30 * slot))
                .take(500)
                .collect(),
        };
        desk.work(number, soon, due, &visit_type, &is_over)
    });
    let (visits, cuts) = tokio::join!(join_all(work), unrest(&mesh, &is_over));
    let visits: Vec<Visit> = visits.into_iter().flatten().collect();

    let database = mesh.database().await;
    let messages = settled(&database, &visits, due).await;
    let mails = by_message(&mesh);
    let (mut sent, mut repeated) = (0, 0);
    for visit in &visits {
        let (of_visit, tried) = check(visit, &messages[&visit.id], &mails, &cuts);
        sent += of_visit;
        repeated += tried;
    }
    let reminded = reminders(&visits, due, &messages, &mails);
    println!(
        "{} visits, {} changes; {sent} messages sent, {reminded} of them reminders; {repeated} came twice in {} cuts",
        visits.len(),
        visits.iter().map(|visit| visit.states.len()).sum::<usize>(),
        cuts.len(),
    );
    assert!(sent > 4 * DOCTORS && reminded > 0, "{sent} {reminded}");
    let known: usize = mails.values().map(Vec::len).sum();
    assert_eq!(known, sent + repeated, "no mail is of anything else");
}

/// A visit type of which patients are reminded in the unrest, if the visit is at `start`; and when.
///
/// That is on a whole minute.
async fn reminded_in_the_middle(admin: &Admin, doctors: &[Doctor], start: Timestamp) -> (String, Timestamp) {
    let aim = now() + SignedDuration::try_from(UNREST / 2).unwrap();
    let offset = start.duration_since(aim).as_secs() / 60;
    let visit_type = json!({
        "name": "Check-up",
        "duration_minutes": 30,
        "interval_minutes": 5,
        "doctor_ids": doctors.iter().map(|doctor| &doctor.id).collect::<Vec<_>>(),
        "reminder_offsets_minutes": [offset],
    });
    let made = admin.post("/api/visit-types", visit_type).await.created();
    (text(&made, "id"), start - SignedDuration::from_mins(offset))
}

/// One receptionist, who sees to one doctor and one patient.
struct Desk {
    rest: Rest,
    doctor: String,
    patient: String,
    chance: Chance,
    /// Times that nobody has had.
    free: Vec<Timestamp>,
}

impl Desk {
    async fn work(
        mut self,
        number: usize,
        soon: Timestamp,
        due: Timestamp,
        visit_type: &str,
        is_over: &AtomicBool,
    ) -> Vec<Visit> {
        let mut near = self.book(soon, json!({ "visit_type_id": visit_type })).await;
        let mut visits = Vec::new();
        while !is_over.load(Relaxed) {
            // Of a third, the patient is reminded; the others hear of another time, or that there is none.
            let change = [None, Some(Change::Move), Some(Change::Cancel)][number % 3];
            let is_time = now() > due - SignedDuration::from_secs(20);
            if let Some(change) = change.filter(|_| is_time && near.states.len() == 1) {
                self.change(&mut near, change).await;
            }
            let start = self.free.pop().unwrap();
            let mut visit = self.book(start, json!({})).await;
            for _ in 0..self.chance.below(4) {
                self.rest_a_little().await;
                let change =
                    *self.chance.one_of(&[Change::Move, Change::Move, Change::Confirm, Change::Cancel]);
                self.change(&mut visit, change).await;
                if visit.last().is_cancelled {
                    break;
                }
            }
            visits.push(visit);
            self.rest_a_little().await;
        }
        visits.push(near);
        visits
    }

    async fn rest_a_little(&mut self) {
        sleep(Duration::from_millis(self.chance.below(1200).unsigned_abs().into())).await;
    }

    async fn book(&mut self, start: Timestamp, more: Value) -> Visit {
        let mut body = json!({
            "patient_id": self.patient, "doctor_id": self.doctor, "start_time": start.to_string()
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asked = now();
        let visit = self.surely(Method::POST, "/api/appointments/", Some(body)).await.created();
        let states = vec![State { between: [asked, now()], start, is_cancelled: false }];
        Visit { id: text(&visit, "id"), path: path(&visit), states }
    }

    async fn change(&mut self, visit: &mut Visit, change: Change) {
        let (asked, mut state) = (now(), *visit.last());
        match change {
            Change::Move => {
                state.start = self.free.pop().unwrap();
                let body = json!({ "start_time": state.start.to_string() });
                self.surely(Method::PUT, &visit.path, Some(body)).await.ok();
            }
            Change::Confirm => {
                let body = json!({ "status": "confirmed" });
                self.surely(Method::PUT, &format!("{}/status", visit.path), Some(body)).await.ok();
            }
            Change::Cancel => {
                state.is_cancelled = true;
                self.surely(Method::DELETE, &visit.path, None).await.ok();
            }
        }
        state.between = [asked, now()];
        visit.states.push(state);
    }

    /// Asks until there is an answer, as one request.
    async fn surely(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let key = uuid::Uuid::now_v7().to_string();
        for _ in 0..200 {
            let headers = [("idempotency-key", key.as_str())];
            let answer = self.rest.send(method.clone(), path, body.clone(), &headers).await;
            let is_under_way = answer.body["code"] == "idempotency_in_progress";
            if !matches!(answer.status, 503 | 504) && !is_under_way {
                return answer;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{method} {path} is still not answered");
    }
}

#[derive(Clone, Copy)]
enum Change {
    Move,
    Confirm,
    Cancel,
}

/// Lets things die until it is over; when the mail server was cut off.
async fn unrest(mesh: &Mesh, is_over: &AtomicBool) -> Vec<Timestamp> {
    let mut chance = Chance::new(SEED);
    let rabbitmq = &mesh.stores.as_ref().unwrap().rabbitmq;
    let (until, mut cuts) = (tokio::time::Instant::now() + UNREST, Vec::new());
    let broker = async {
        sleep(UNREST / 4).await;
        rabbitmq.kill().await;
        rabbitmq.start_again().await.unwrap();
    };
    let others = async {
        let database = mesh.database().await;
        while tokio::time::Instant::now() < until {
            sleep(Duration::from_millis(chance.below(1500).unsigned_abs().into())).await;
            if chance.below(3) == 0 {
                cuts.push(now());
                mesh.ground.mail.pause().await;
                sleep(Duration::from_millis(chance.below(1500).unsigned_abs().into())).await;
                mesh.ground.mail.resume().await.unwrap();
            } else {
                let some = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                             WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.4";
                database.query_one(some, &[]).await.unwrap();
            }
        }
    };
    tokio::join!(broker, others);
    is_over.store(true, Relaxed);
    cuts
}

/// One message as the database has it.
struct Kept {
    id: String,
    kind: String,
    version: i64,
    recipient: String,
    state: String,
}

/// The messages about each visit, once every change has had its effect and nothing is under way.
async fn settled(database: &Client, visits: &[Visit], due: Timestamp) -> HashMap<String, Vec<Kept>> {
    while now() <= due + UNDER_WAY {
        sleep(Duration::from_millis(200)).await;
    }
    all_is_told(database).await;
    messages(database, visits).await
}

async fn messages(database: &Client, visits: &[Visit]) -> HashMap<String, Vec<Kept>> {
    let rows = "
        SELECT appointment_id, id, kind, appointment_version AS version, recipient_kind, state
          FROM notification.notifications
         UNION ALL
        SELECT appointment_id, id, kind, schedule_version, recipient_kind, state
          FROM notification.reminder_notifications";
    let mut found: HashMap<String, Vec<Kept>> =
        visits.iter().map(|visit| (visit.id.clone(), Vec::new())).collect();
    for row in database.query(rows, &[]).await.unwrap() {
        let visit: uuid::Uuid = row.get("appointment_id");
        let kept = Kept {
            id: row.get::<_, uuid::Uuid>("id").to_string(),
            kind: row.get("kind"),
            version: row.get("version"),
            recipient: row.get("recipient_kind"),
            state: row.get("state"),
        };
        found.get_mut(&visit.to_string()).unwrap().push(kept);
    }
    found
}

/// All mails about visits, by the message that they are.
fn by_message(mesh: &Mesh) -> BTreeMap<String, Vec<Message>> {
    let mut mails: BTreeMap<String, Vec<Message>> = BTreeMap::new();
    for mail in mesh.ground.mail.messages() {
        let id = mail.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("message-id"));
        let id = id.unwrap().1.trim().trim_start_matches('<').split('@').next().unwrap().to_owned();
        mails.entry(id).or_default().push(mail);
    }
    mails
}

/// How many messages about `visit` were sent, and how many copies came although their sender could not know.
fn check(
    visit: &Visit,
    messages: &[Kept],
    mails: &BTreeMap<String, Vec<Message>>,
    cuts: &[Timestamp],
) -> (usize, usize) {
    let (mut sent, mut unknown) = (0, 0);
    let latest =
        messages.iter().filter(|kept| kept.kind != "reminder").map(|kept| kept.version).max().unwrap();
    for kept in messages {
        let Kept { id, kind, version, recipient, state } = kept;
        let told = format!("{kind} {version} to {recipient} of {}: {state}, {:?}", visit.id, visit.states);
        let came = mails.get(id).map(Vec::as_slice).unwrap_or_default();
        if kind != "reminder" && *version == latest {
            assert_eq!(state, "sent", "nothing is lost: {told}");
        }
        let not_known = match (state.as_str(), came) {
            ("sent", [before @ .., _last]) => {
                sent += 1;
                before
            }
            ("superseded" | "pending", all) => all,
            _ => panic!("{} came: {told}", came.len()),
        };
        unknown += not_known.len();
        // At least once: the mail server had it, and was cut off before it could say so.
        for mail in not_known {
            let is_near =
                |cut: &Timestamp| cut.duration_since(when(mail)).abs() <= SignedDuration::from_secs(2);
            assert!(cuts.iter().any(is_near), "it came at {}, when nothing was cut off: {told}", when(mail));
        }
        for mail in came {
            let came_at = when(mail);
            // The catcher notes whole seconds.
            let span = [came_at - UNDER_WAY, came_at + SignedDuration::from_secs(1)];
            let was_true = visit
                .was(span, |state| state.is_cancelled == (kind == "cancelled") && told_in(mail, state.start));
            assert!(was_true, "at {came_at} it was not so any more: {told}\n{}", mail.text);
        }
    }
    (sent, unknown)
}

fn when(mail: &Message) -> Timestamp {
    Timestamp::from_second(mail.time).unwrap()
}

/// Whether a mail in English tells of this time.
fn told_in(mail: &Message, start: Timestamp) -> bool {
    let start: Zoned = start.to_zoned(TimeZone::UTC);
    let (date, time) = (start.strftime("%A, %-d %B %Y"), start.strftime("%-I:%M %P"));
    let told = |fact: String| mail.text.lines().any(|line| line.starts_with(&fact));
    told(format!("Date:      {date}")) && told(format!("Time:      {time} to "))
}

/// How many patients were reminded: those whose visit was still as it was.
fn reminders(
    visits: &[Visit],
    due: Timestamp,
    messages: &HashMap<String, Vec<Kept>>,
    mails: &BTreeMap<String, Vec<Message>>,
) -> usize {
    let mut reminded = 0;
    for visit in visits {
        let of_first = |kept: &&Kept| kept.kind == "reminder" && kept.version == 1;
        let is_due = |kept: &&Kept| mails.contains_key(&kept.id) && of_first(kept);
        let came = messages[&visit.id].iter().filter(is_due).count();
        let is_near = visit.states[0].start < due + SignedDuration::from_hours(2);
        match visit.states.get(1) {
            None if is_near => assert_eq!(came, 1, "{} of {:?}", came, visit.states),
            Some(changed) if is_near && changed.between[1] < due - UNDER_WAY => {
                assert_eq!(came, 0, "{} of {:?}", came, visit.states);
            }
            _ => {}
        }
        reminded += came;
    }
    reminded
}
