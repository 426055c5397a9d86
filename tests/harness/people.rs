//! Those who use the system. Each test makes people of its own, so that tests do not meet.
use crate::mesh::Mesh;
use crate::rest::{Rest, in_time};
use serde_json::{Value, json};
use std::ops::Deref;

/// A password that the policy accepts.
pub const PASSWORD: &str = "correct horse battery staple";

macro_rules! people {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            pub rest: Rest,
            /// Of the person's own record: the account, the doctor or the patient.
            pub id: String,
            pub email: String,
        }

        impl Deref for $name {
            type Target = Rest;

            fn deref(&self) -> &Rest {
                &self.rest
            }
        }
    )*};
}

people! {
    Admin,
    /// A receptionist.
    Staff,
    Auditor,
    Doctor,
    Patient,
}

/// An address that nobody has.
pub fn fresh_email(who: &str) -> String {
    format!("{who}-{}@example.com", uuid::Uuid::now_v7().simple())
}

/// Logs in; talks as that person from then on.
pub async fn log_in(anyone: &Rest, username: &str, password: &str) -> Rest {
    let form = [("username", username), ("password", password)];
    let tokens = in_time(async || anyone.post_form("/api/auth/login", &form).await).await.ok();
    anyone.with_token(tokens["access_token"].as_str().expect("an access token"))
}

impl Admin {
    pub(crate) async fn log_in(mesh: &Mesh) -> Self {
        let email = local::mesh::ADMIN.to_owned();
        let rest = log_in(&mesh.anyone(), &email, &mesh.ground.options().secrets.admin_password).await;
        let id = text(&rest.get("/api/auth/me").await.ok(), "id");
        Self { rest, id, email }
    }

    /// An account, and its owner logged in.
    async fn account(&self, email: &str, role: &str, link: Value) -> (Rest, String) {
        let mut account =
            json!({ "email": email, "password": PASSWORD, "full_name": "Test Person", "role": role });
        account.as_object_mut().unwrap().extend(link.as_object().cloned().unwrap_or_default());
        let user = self.post("/api/auth/register", account).await.created();
        (log_in(&self.rest, email, PASSWORD).await, text(&user, "id"))
    }

    pub async fn another(&self) -> Self {
        let email = fresh_email("admin");
        let (rest, id) = self.account(&email, "admin", json!({})).await;
        Self { rest, id, email }
    }

    pub async fn staff(&self) -> Staff {
        let email = fresh_email("staff");
        let (rest, id) = self.account(&email, "staff", json!({})).await;
        Staff { rest, id, email }
    }

    pub async fn auditor(&self) -> Auditor {
        let email = fresh_email("auditor");
        let (rest, id) = self.account(&email, "auditor", json!({})).await;
        Auditor { rest, id, email }
    }

    /// A doctor who works around the clock in UTC, with visits of 30 minutes.
    pub async fn doctor(&self) -> Doctor {
        let doctor = self.doctor_in("UTC").await;
        for day in 0..7 {
            doctor.works(day, "00:00", "24:00").await;
        }
        doctor
    }

    /// A doctor without hours.
    pub async fn doctor_in(&self, zone: &str) -> Doctor {
        let email = fresh_email("doctor");
        let doctor = json!({
            "first_name": "Dora",
            "last_name": "Doctor",
            "email": email,
            "specialization": "Cardiology",
            "time_zone": zone,
        });
        let id = text(&self.post("/api/doctors/", doctor).await.created(), "id");
        let (rest, _) = self.account(&email, "doctor", json!({ "doctor_id": id })).await;
        Doctor { rest, id, email }
    }

    /// A patient with a record and an account.
    pub async fn patient(&self) -> Patient {
        let email = fresh_email("patient");
        let id = self.patient_record(&email).await;
        let (rest, _) = self.account(&email, "patient", json!({ "patient_id": id })).await;
        Patient { rest, id, email }
    }

    /// The record of a patient with nothing to tell them apart.
    pub async fn anybody(&self) -> String {
        self.patient_record(&fresh_email("anybody")).await
    }

    /// A patient's record, whose owner has no account.
    pub async fn patient_record(&self, email: &str) -> String {
        let patient = json!({
            "first_name": "Paula",
            "last_name": "Patient",
            "date_of_birth": "1980-02-29",
            "email": email,
            "phone": "+49 30 1234567",
            "confirm_new": true,
        });
        text(&self.post("/api/patients/", patient).await.created(), "id")
    }
}

impl Doctor {
    /// Adds weekly hours; their id.
    pub async fn works(&self, day: u8, start: &str, end: &str) -> String {
        let hours = json!({ "day_of_week": day, "start_time": start, "end_time": end });
        text(&self.post(&format!("/api/doctors/{}/availability", self.id), hours).await.created(), "id")
    }
}

/// A member that must be a string.
#[track_caller]
pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}
