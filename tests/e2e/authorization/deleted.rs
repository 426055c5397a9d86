//! The matrix once more, about what is deleted: it answers like what never was, to everyone whom it would let in
//! otherwise; and what is hidden from other patients answers so, too.
use super::world::{Ask, World, visited, webhooks};
use super::{PERSONAS, carried_out, rows};
use serde_json::{Value, json};
use tests::clinic::at;
use tests::mesh::Mesh;
use tests::people::{Doctor, Patient, text};
use tests::rest::{Answer, Rest};

/// Operations on what is never deleted, each with the reason.
const KEPT: &str = "
    DELETE /api/auth/sessions/{id}                        whose it is, only they know
    GET    /api/users/{id}                                accounts are disabled
    PUT    /api/users/{id}                                accounts are disabled
    POST   /api/users/{id}/revoke-sessions                accounts are disabled
    DELETE /api/users/{id}/totp                           accounts are disabled
    GET    /api/api-clients/{id}                          programs are disabled
    POST   /api/api-clients/{id}/secret                   programs are disabled
    POST   /api/api-clients/{id}/disable                  programs are disabled
    GET    /api/doctors/specialization/{specialization}   a word
    GET    /api/appointments/{id}                         visits are cancelled
    PUT    /api/appointments/{id}                         visits are cancelled
    DELETE /api/appointments/{id}                         visits are cancelled
    PUT    /api/appointments/{id}/status                  visits are cancelled
    POST   /api/appointments/{id}/undo                    visits are cancelled
    PUT    /api/appointments/{id}/sub-status              visits are cancelled
    GET    /api/appointments/{id}/events                  visits are cancelled
    GET    /api/appointments/series/{id}                  visits are cancelled
    PUT    /api/appointments/series/{id}                  visits are cancelled
    DELETE /api/appointments/series/{id}                  visits are cancelled
    GET    /api/visit-types/{id}                          visit types are retired
    PUT    /api/visit-types/{id}                          visit types are retired
    DELETE /api/visit-types/{id}                          visit types are retired
    PUT    /api/doctors/{id}/overrides/{date}             a date
    DELETE /api/doctors/{id}/overrides/{date}             a date
    GET    /api/patients/{id}/attendance                  counts visits, which are kept
    POST   /api/patients/{id}/erase                       is for who was deleted
    GET    /api/waitlist/{id}                             entries are cancelled
    PUT    /api/waitlist/{id}                             entries are cancelled
    DELETE /api/waitlist/{id}                             entries are cancelled
    POST   /api/waitlist/{id}/resume                      entries are cancelled
    GET    /api/waitlist/{id}/offers                      entries are cancelled
    POST   /api/waitlist/offers/{id}/accept               offers are withdrawn
    POST   /api/waitlist/offers/{id}/decline              offers are withdrawn
    GET    /api/break-glass/{id}                          grants are reviewed
    POST   /api/break-glass/{id}/review                   grants are reviewed
    GET    /api/notifications/{id}                        what was sent was sent
    POST   /api/notifications/{id}/resend                 what was sent was sent
    GET    /api/admin/dead-letters/{service}              a service
    GET    /api/admin/dead-letters/{service}/{id}         dead letters are discarded
    POST   /api/admin/dead-letters/{service}/{id}/replay  dead letters are discarded
    DELETE /api/admin/dead-letters/{service}/{id}         dead letters are discarded
    GET    /api/message-templates/{kind}/preview          a word
    GET    /api/message-overrides/{message}/{language}    words
    PUT    /api/message-overrides/{message}/{language}    words
    DELETE /api/message-overrides/{message}/{language}    words
";

/// What answers otherwise than with 404 about what is deleted: patient, doctor, staff, admin.
const OTHERWISE: &str = "
    DELETE /api/patients/{id}                   403 403 403 200
    PUT    /api/patients/{id}/legal-hold        403 403 403 200
    DELETE /api/patients/{id}/legal-hold        403 403 403 200
    GET    /api/patients/{id}/access-log        200 403 403 200
    GET    /api/patients/{id}/proxies           404 404 404 404
    POST   /api/patients/{id}/proxies           404 404 404 404
    DELETE /api/patients/{id}/proxies/{proxy_id} 404 403 404 404
    DELETE /api/doctors/{id}                    403 403 403 200
    PUT    /api/records/{id}                    404 404 403 403
    POST   /api/records/{id}/entered-in-error   404 404 403 403
    POST   /api/records/{id}/sign               404 404 403 403
    POST   /api/records/{id}/cosign             404 404 403 403
";

/// Columns of the matrix that are asked: the patient, the doctor, staff, admin.
const ASKING: [usize; 4] = [2, 4, 6, 7];

/// Somebody and something that is no more.
struct Gone {
    patient: Patient,
    doctor: Doctor,
    /// Of the patient who is gone, at the doctor of the world.
    visit: String,
    record: String,
    availability: String,
    time_off: String,
    location: String,
    room: String,
    holiday: String,
    hold: String,
    webhook: String,
}

impl Gone {
    async fn from(world: &World, mesh: &Mesh) -> Self {
        let admin = &world.admin;
        let removed = async |path: String| {
            admin.delete(&path).await.ok();
            path.rsplit('/').next().unwrap().to_owned()
        };
        let patient = admin.patient().await;
        let visit = visited(mesh, admin, &patient, &world.doctor, at(-1, 9, 0)).await;
        let records = format!("/api/patients/{}/records", patient.id);
        let record = world.doctor.post(&records, json!({ "notes": "before" })).await.created();
        removed(format!("/api/patients/{}", patient.id)).await;
        let doctor = admin.doctor().await;
        removed(format!("/api/doctors/{}", doctor.id)).await;
        let own = format!("/api/doctors/{}", world.doctor.id);
        let name = format!("Back Street {}", uuid::Uuid::now_v7());
        let location = json!({ "name": name, "time_zone": "UTC" });
        let location = text(&admin.post("/api/locations", location).await.created(), "id");
        let rooms = format!("/api/locations/{}/rooms", world.location);
        let room = text(&admin.post(&rooms, json!({ "name": "Room 9" })).await.created(), "id");
        let (hold, _) = world.fresh_hold().await;
        world.give_up_hold().await;
        Self {
            patient,
            doctor,
            visit,
            record: text(&record, "id"),
            availability: removed(format!("{own}/availability/{}", world.idle_hours().await)).await,
            time_off: removed(format!("{own}/time-off/{}", world.fresh_time_off().await)).await,
            location: removed(format!("/api/locations/{location}")).await,
            room: removed(format!("{rooms}/{room}")).await,
            holiday: removed(format!("/api/holidays/{}", world.fresh_holiday().await)).await,
            hold,
            webhook: removed(webhooks::registered(admin).await).await,
        }
    }

    /// Where the operation finds something that is gone; none for what is never deleted.
    fn path(&self, world: &World, template: &str) -> Option<String> {
        let (doctor, location) = (&world.doctor.id, &world.location);
        let ids = match template.split('/').collect::<Vec<_>>()[2..] {
            ["patients", _, "attendance" | "erase"] | ["doctors", _, "overrides", "{date}"] => return None,
            // Nobody may act for somebody who is gone.
            ["patients", _, "proxies", "{proxy_id}"] => vec![&self.patient.id, &self.hold],
            ["patients", ..] => vec![&self.patient.id],
            ["records", ..] => vec![&self.record],
            ["doctors", _, "availability", "{availability_id}"] => vec![doctor, &self.availability],
            ["doctors", _, "time-off", "{time_off_id}"] => vec![doctor, &self.time_off],
            ["doctors", "{id}", ..] | ["appointments", "doctor", ..] => vec![&self.doctor.id],
            ["locations", _, "rooms", "{room_id}"] => vec![location, &self.room],
            ["locations", ..] => vec![&self.location],
            ["holidays", ..] => vec![&self.holiday],
            ["webhooks", _, "deliveries", "{delivery_id}", ..] => vec![&self.webhook, &self.hold],
            ["webhooks", ..] => vec![&self.webhook],
            ["appointments", "holds", ..] => vec![&self.hold],
            ["appointments", "{id}", "records"] => vec![&self.visit],
            _ => return None,
        };
        let mut ids = ids.into_iter();
        let parts =
            template.split('/').map(|part| if part.starts_with('{') { ids.next().unwrap() } else { part });
        Some(parts.collect::<Vec<_>>().join("/"))
    }

    /// Who asks: those who are gone themselves about themselves.
    fn caller(&self, world: &World, persona: usize, template: &str) -> Rest {
        match persona {
            2 if template.contains("/patients/") || template.contains("records") => self.patient.rest.clone(),
            4 if self.path(world, template).is_some_and(|path| path.contains(&self.doctor.id)) => {
                self.doctor.rest.clone()
            }
            persona => world.caller(persona),
        }
    }
}

fn otherwise() -> Vec<(String, Vec<u16>)> {
    let rows = OTHERWISE.lines().map(str::split_whitespace);
    rows.filter_map(|mut row| {
        let operation = format!("{} {}", row.next()?, row.next()?);
        Some((operation, row.map(|cell| cell.parse().unwrap()).collect()))
    })
    .collect()
}

#[tokio::test]
async fn what_is_deleted_is_not_there_for_anyone() {
    let mesh = Mesh::shared().await;
    let world = World::new(&mesh).await;
    let gone = Gone::from(&world, &mesh).await;
    let otherwise = otherwise();
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for (operation, living) in rows() {
        let template = operation.split(' ').nth(1).unwrap();
        if !template.contains('{') {
            continue;
        }
        let Some(path) = gone.path(&world, template) else {
            let kept = KEPT
                .lines()
                .map(str::split_whitespace)
                .any(|mut row| operation.split(' ').eq([row.next(), row.next()].into_iter().flatten()));
            assert!(kept, "{operation}: what does it answer about what is deleted?");
            continue;
        };
        for (column, persona) in ASKING.into_iter().enumerate() {
            let ask = world.ask(&operation, persona).await;
            let query = ask.path.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
            let ask = Ask { path: format!("{path}{query}"), ..ask };
            let answer = carried_out(&gone.caller(&world, persona, template), &operation, &ask).await;
            let exception = otherwise.iter().find(|(other, _)| *other == operation);
            let expected = match exception {
                Some((_, cells)) => cells[column],
                None if living[persona] == 403 => 403,
                None => 404,
            };
            cells += 1;
            if answer.status != expected {
                wrong.push(format!(
                    "{operation} as {}: {} instead of {expected}",
                    PERSONAS[persona], answer.status
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// An answer without what names the request.
fn told(answer: Answer) -> (u16, Value) {
    let mut body = answer.body;
    for member in ["request_id", "instance"] {
        body.as_object_mut().unwrap().remove(member);
    }
    (answer.status, body)
}

#[tokio::test]
async fn what_is_hidden_from_other_patients_looks_like_what_never_was() {
    let mesh = Mesh::shared().await;
    let world = World::new(&mesh).await;
    let mut compared = 0;
    for (operation, expected) in rows() {
        if expected[3] != 404 || operation.contains("/sessions/") || !operation.contains('{') {
            continue;
        }
        let ask = world.ask(&operation, 3).await;
        let caller = ask.caller.clone().unwrap_or_else(|| world.caller(3));
        let hidden = carried_out(&caller, &operation, &ask).await;
        let is_id = |part: &&str| part.parse::<uuid::Uuid>().is_ok();
        let Some(id) = ask.path.split(['/', '?']).find(is_id).map(str::to_owned) else { continue };
        let nobodys = Ask { path: ask.path.replace(&id, &uuid::Uuid::now_v7().to_string()), ..ask };
        let unknown = carried_out(&caller, &operation, &nobodys).await;
        assert_eq!(told(hidden), told(unknown), "{operation}");
        compared += 1;
    }
    assert!(compared > 20);
}
