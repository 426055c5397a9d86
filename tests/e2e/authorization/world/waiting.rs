//! Those who wait, and what is offered to them.
use super::World;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tests::clinic::path;
use tests::people::text;

impl World {
    /// Half an hour with the doctor at a place where the doctor never is, so that no time that another cell frees is
    /// offered.
    pub(super) fn new_entry(&self, patient: &str) -> Value {
        json!({
            "patient_id": patient,
            "visit_type_id": self.visit_type,
            "doctor_ids": [self.doctor.id],
            "location_ids": [self.location],
        })
    }

    /// Where an entry of the patient is, for one cell to change.
    pub(super) async fn fresh_entry(&self) -> String {
        self.waits(self.new_entry(&self.patient.id)).await
    }

    /// Where an open offer to the patient is, for one cell to answer, and its entry. Nothing but the time that is freed
    /// for it will do.
    pub(super) async fn fresh_offer(&self) -> (String, String) {
        let start = self.free_time();
        let taken = json!({
            "patient_id": self.admin.anybody().await,
            "doctor_id": self.doctor.id,
            "visit_type_id": self.visit_type,
            "start_time": start.to_string(),
        });
        let taken = self.staff.post("/api/appointments/", taken).await.created();
        let [start, end] =
            [start, start + SignedDuration::from_mins(30)].map(|at| at.to_zoned(TimeZone::UTC).datetime());
        let window = json!({
            "day_of_week": start.weekday().to_monday_zero_offset(),
            "start_time": start.strftime("%H:%M").to_string(),
            "end_time": end.strftime("%H:%M").to_string(),
        });
        let entry = json!({
            "patient_id": self.patient.id,
            "visit_type_id": self.visit_type,
            "doctor_ids": [self.doctor.id],
            "earliest_date": start.date().to_string(),
            "latest_date": start.date().to_string(),
            "windows": [window],
        });
        let entry = self.waits(entry).await;
        self.staff.delete(&path(&taken)).await.ok();
        let waiting = self.patient.get_until(&entry, |entry| !entry["open_offer"].is_null()).await;
        (format!("/api/waitlist/offers/{}", text(&waiting["open_offer"], "id")), entry)
    }

    /// Where the new entry of the patient is. That of the cell before is given up: one patient waits in few.
    async fn waits(&self, entry: Value) -> String {
        if let Some(before) = self.entry.take() {
            // Whatever became of it.
            self.admin.delete(&before).await;
        }
        let entry = self.patient.post("/api/waitlist", entry).await.created();
        let path = format!("/api/waitlist/{}", text(&entry, "id"));
        self.entry.replace(Some(path.clone()));
        path
    }
}
