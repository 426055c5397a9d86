//! What the requests of the matrix of objects name: `$visit`, `$record`, …
use super::World;
use serde_json::{Value, json};
use tests::clinic::{at, date_in};
use tests::people::text;
use uuid::Uuid;

impl World {
    /// Gives the patient what only some see: a number, a label of the visit, and a legal hold.
    pub(crate) async fn fill_in(&self) {
        let patient = format!("/api/patients/{}", self.patient.id);
        self.staff.put(&patient, json!({ "insurance_id": "A123456789" })).await.ok();
        self.admin.put(&format!("{patient}/legal-hold"), json!({ "reason": "claim pending" })).await.ok();
        let label = json!({ "sub_status": "waits outside" });
        self.staff.put(&format!("/api/appointments/{}/sub-status", self.visit), label).await.ok();
    }

    /// Of the patient, a guardian and a proxy who act for them, and the guardian when not acting; the doctor, a
    /// colleague, one of the past; staff, admin, auditor.
    pub(crate) fn tokens(&self) -> [&str; 10] {
        let people = [
            &self.patient.rest,
            &self.guardian.rest,
            &self.proxy.rest,
            &self.guardian.account.rest,
            &self.doctor.rest,
            &self.colleague.rest,
            &self.other_doctor.rest,
            &self.staff.rest,
            &self.admin.rest,
            &self.auditor.rest,
        ];
        people.map(|person| person.token().unwrap())
    }

    /// `template` with what it names, made for this request alone where it may be changed.
    pub(crate) async fn filled(&self, template: &str) -> String {
        let mut parts = template.split('$');
        let mut filled = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_at(end_of_name(part));
            filled.push_str(&self.named(name).await);
            filled.push_str(rest);
        }
        filled
    }

    async fn named(&self, name: &str) -> String {
        let id = |path: String| path.rsplit('/').next().unwrap().to_owned();
        match name {
            "patient" => self.patient.id.clone(),
            "doctor" => self.doctor.id.clone(),
            "doctors_email" => self.doctor.email.clone(),
            "nobody" => Uuid::now_v7().to_string(),
            "session" => self.patients_session().await,
            "proxy" => self.fresh_proxy().await,
            "child" => self.patients_child().await,
            "record" => self.record.clone(),
            "revision" => self.revision().await,
            "cosigned" => self.cosigned.clone(),
            "draft" => self.recorded(json!({ "notes": "note", "state": "draft" })).await,
            "withheld" => self.recorded(json!({ "notes": "note", "withheld_reason": "may do harm" })).await,
            "restricted" => self.recorded(json!({ "notes": "note", "confidentiality": "restricted" })).await,
            "hours" => self.idle_hours().await,
            "override" => self.fresh_override().await,
            "date" => self.far_date(),
            "time_off" => self.fresh_time_off().await,
            "away" => {
                self.fresh_time_off().await;
                self.doctor.id.clone()
            }
            "visit_type" => self.visit_type.clone(),
            "visit" => self.visit.clone(),
            // When that visit is.
            "day" => date_in(2).to_string(),
            "start" => at(2, 8, 0).to_string(),
            "end" => at(2, 8, 30).to_string(),
            "free" => self.free_time().to_string(),
            "far" => self.far_time().to_string(),
            "fresh_visit" => self.fresh_visit().await,
            "confirmed" => {
                let visit = self.fresh_visit().await;
                let status = json!({ "status": "confirmed" });
                self.staff.put(&format!("/api/appointments/{visit}/status"), status).await.ok();
                visit
            }
            "mistake" => {
                let visit = self.fresh_visit().await;
                let status = json!({ "status": "entered_in_error", "note": "of another patient" });
                self.admin.put(&format!("/api/appointments/{visit}/status"), status).await.ok();
                visit
            }
            "hold" => self.fresh_hold().await.0,
            "token" => {
                let (hold, token) = self.hold.take().unwrap();
                self.hold.set(Some((hold, token.clone())));
                token
            }
            "series" => id(self.fresh_series().await),
            "entry" => id(self.fresh_entry().await),
            "offer" => id(self.fresh_offer().await.0),
            "offered" => id(self.fresh_offer().await.1),
            other => panic!("what is ${other}?"),
        }
    }

    async fn recorded(&self, record: Value) -> String {
        let records = format!("/api/patients/{}/records", self.patient.id);
        text(&self.doctor.post(&records, record).await.created(), "id")
    }

    /// The number of the record's latest.
    async fn revision(&self) -> String {
        let record = self.doctor.get(&format!("/api/records/{}", self.record)).await;
        record.header("etag").trim_matches(['"', 'v']).to_owned()
    }
}

/// `template` with ids that nobody has in place of the first that it names.
pub(crate) fn of_nobody(template: &str) -> String {
    let (_, after) = template.split_once('$').unwrap();
    let name = &after[..end_of_name(after)];
    template.replace(&format!("\"${name}\""), &format!("\"{}\"", Uuid::now_v7()))
}

fn end_of_name(text: &str) -> usize {
    text.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(text.len())
}
