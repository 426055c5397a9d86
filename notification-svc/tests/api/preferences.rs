//! What patients want to be told of, and when not.
use crate::neighbours::Visit;
use crate::refused;
use crate::service::{Ground, SENT, SKIPPED, Service};
use platform::caller::Role;
use platform::fault::reason;
use proto::appointment::AppointmentStatus;
use proto::ids::{DoctorId, PatientId};
use proto::notification::{
    ChannelChoice, GetPreferencesRequest, Notification, NotificationKind, NotificationState, Preferences,
    QuietHours, RecipientKind, UpdatePreferencesRequest,
};
use proto::patient::ContactPreference;
use tonic::{Code, Response, Status};
use uuid::Uuid;

fn get(patient: PatientId) -> GetPreferencesRequest {
    GetPreferencesRequest { patient_id: patient.to_string() }
}

/// A change of the fields of `paths`.
fn change(patient: PatientId, paths: &[&str], wish: Preferences) -> UpdatePreferencesRequest {
    UpdatePreferencesRequest {
        preferences: Some(Preferences { patient_id: patient.to_string(), ..wish }),
        update_mask: Some(prost_types::FieldMask { paths: paths.iter().map(ToString::to_string).collect() }),
        expected_version: 0,
    }
}

fn hours(start_time: &str, end_time: &str) -> QuietHours {
    QuietHours { start_time: start_time.to_owned(), end_time: end_time.to_owned() }
}

impl Ground {
    /// What was noted about the preferences of a patient, oldest first: what, by whom, which fields.
    pub(crate) async fn noted(&self, patient: Uuid) -> Vec<String> {
        let entries = "SELECT concat_ws(' ', action, role, array_to_string(fields, ',')) FROM audit.entries
                        WHERE $1 = ANY (subjects) AND resource = 'message_preferences' ORDER BY at";
        let rows = self.sql().await.query(entries, &[&patient]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl Service {
    pub(crate) async fn preferences(&self, role: Role, patient: PatientId) -> Result<Preferences, Status> {
        let request = self.ask(role, get(patient));
        self.preferences.clone().get_preferences(request).await.map(Response::into_inner)
    }

    async fn prefer(&self, role: Role, wish: UpdatePreferencesRequest) -> Result<Preferences, Status> {
        let request = self.ask(role, wish);
        self.preferences.clone().update_preferences(request).await.map(Response::into_inner)
    }

    /// The patient wants quiet from some time until another, or never.
    pub(crate) async fn wants_quiet(&self, visit: Visit, quiet: Option<[&str; 2]>) {
        let quiet_hours = quiet.map(|[from, until]| hours(from, until));
        let wish = change(visit.patient, &["quiet_hours"], Preferences { quiet_hours, ..Default::default() });
        self.prefer(Role::Patient(visit.patient), wish).await.unwrap();
    }

    /// The patient wants no mail of this kind, for instance `reminders`.
    async fn silences(&self, visit: Visit, category: &str) {
        let path = format!("{category}.email");
        self.prefer(Role::Staff, change(visit.patient, &[&path], Preferences::default())).await.unwrap();
    }
}

#[tokio::test]
async fn patients_and_the_reception_see_and_change_what_patients_want_to_be_told_of() {
    let service = Service::start().await;
    let patient = service.ground.neighbours.visit().patient;
    let email = |email| Some(ChannelChoice { email, sms: false });
    let usual = Preferences {
        patient_id: patient.to_string(),
        visit_changes: email(true),
        reminders: email(true),
        offers: email(true),
        quiet_hours: Some(hours("21:00:00", "08:00:00")),
        version: 1,
        update_time: None,
    };
    for role in [Role::Patient(patient), Role::Staff, Role::Admin] {
        assert!(service.preferences(role, patient).await.unwrap() == usual);
    }
    let wish = Preferences { quiet_hours: Some(hours("22:30", "24:00")), ..Default::default() };
    let paths = ["reminders.email", "quiet_hours"];
    let changed =
        service.prefer(Role::Patient(patient), change(patient, &paths, wish.clone())).await.unwrap();
    let expected = Preferences {
        reminders: email(false),
        quiet_hours: Some(hours("22:30:00", "00:00:00")),
        version: 2,
        update_time: changed.update_time,
        ..usual.clone()
    };
    assert!(changed == expected && changed.update_time.is_some());
    let same = service.prefer(Role::Staff, change(patient, &paths, wish)).await.unwrap();
    assert!(same == expected, "nothing has changed");
    let never = change(
        patient,
        &["quiet_hours", "reminders.email"],
        Preferences { reminders: email(true), ..Default::default() },
    );
    let never = service.prefer(Role::Admin, never).await.unwrap();
    assert!(never.quiet_hours.is_none() && never.reminders == email(true) && never.version == 3);
    assert!(service.preferences(Role::Staff, patient).await.unwrap() == never);

    let stale = UpdatePreferencesRequest {
        expected_version: 2,
        ..change(patient, &["offers.email"], Preferences::default())
    };
    let stale = service.prefer(Role::Staff, stale).await.err().unwrap();
    assert_eq!((stale.code(), reason(&stale).as_deref()), (Code::Aborted, Some("VERSION_MISMATCH")));
    let current = UpdatePreferencesRequest {
        expected_version: 3,
        ..change(patient, &["offers.email"], Preferences::default())
    };
    assert_eq!(service.prefer(Role::Staff, current).await.unwrap().version, 4);
}

#[tokio::test]
async fn what_goes_by_sms_is_asked_for_kind_by_kind() {
    let service = Service::start().await;
    let patient = service.ground.neighbours.visit().patient;
    let (both, mail) = (ChannelChoice { email: true, sms: true }, ChannelChoice { email: true, sms: false });
    let wish = Preferences { reminders: Some(both), offers: Some(both), ..Default::default() };
    let paths = ["reminders.sms", "offers.sms"];
    let chosen = service.prefer(Role::Patient(patient), change(patient, &paths, wish)).await.unwrap();
    assert!(chosen.visit_changes == Some(mail) && chosen.reminders == Some(both) && chosen.version == 2);

    let none = change(patient, &["reminders.sms"], Preferences::default());
    let chosen = service.prefer(Role::Staff, none).await.unwrap();
    assert!(chosen.reminders == Some(mail) && chosen.offers == Some(both) && chosen.version == 3);
    assert!(service.preferences(Role::Admin, patient).await.unwrap() == chosen);
    let noted = service.ground.noted(patient.0).await;
    assert_eq!(noted[..2], ["update patient reminders.sms,offers.sms", "update staff reminders.sms"]);
    for unknown in ["reminders.fax", "reminders", "letters.sms"] {
        let wrong = change(patient, &[unknown], Preferences::default());
        assert_eq!(
            service.prefer(Role::Staff, wrong).await.err().unwrap().code(),
            Code::InvalidArgument,
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn nobody_else_does_and_of_a_patient_whom_nobody_knows_there_is_nothing_to_see() {
    let service = Service::start().await;
    let patient = service.ground.neighbours.visit().patient;
    for role in [Role::Doctor(DoctorId::random()), Role::Auditor] {
        let refused = service.preferences(role, patient).await.err().unwrap();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let stranger = service.ground.neighbours.visit().patient;
    let unknown = PatientId::random();
    for (role, patient) in
        [(Role::Patient(stranger), patient), (Role::Patient(unknown), unknown), (Role::Staff, unknown)]
    {
        let change = change(patient, &["offers.email"], Preferences::default());
        for refused in
            [service.preferences(role, patient).await.err(), service.prefer(role, change).await.err()]
        {
            let refused = refused.unwrap();
            assert_eq!(refused.code(), Code::NotFound, "{role:?}");
            assert_eq!(reason(&refused).as_deref(), Some("PATIENT_NOT_FOUND"));
        }
    }
    let nobody = refused(service.preferences.clone().get_preferences(get(patient)).await);
    assert_eq!(nobody.code(), Code::Unauthenticated);
    service.ground.neighbours.now_know(|known| known.no_patients = true);
    let away = service.preferences(Role::Staff, patient).await.err().unwrap();
    assert_eq!(away.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_change_is_told_everything_that_is_wrong_with_it() {
    let service = Service::start().await;
    let patient = service.ground.neighbours.visit().patient;
    let wrong = |request: UpdatePreferencesRequest| async {
        let refused = service.prefer(Role::Staff, request).await.err().unwrap();
        let details = tonic_types::StatusExt::get_error_details(&refused);
        let fields = details.bad_request().unwrap().field_violations.clone();
        fields.into_iter().map(|wrong| wrong.field).collect::<Vec<_>>()
    };
    let quiet = |from, until| {
        let wish = Preferences { quiet_hours: Some(hours(from, until)), ..Default::default() };
        change(patient, &["quiet_hours"], wish)
    };
    let all = UpdatePreferencesRequest {
        preferences: Some(Preferences { patient_id: "x".to_owned(), ..quiet("9", "").preferences.unwrap() }),
        update_mask: Some(prost_types::FieldMask {
            paths: ["quiet_hours", "version"].map(str::to_owned).to_vec(),
        }),
        expected_version: -1,
    };
    let (start, end) = ("preferences.quiet_hours.start_time", "preferences.quiet_hours.end_time");
    assert_eq!(wrong(all).await, ["preferences.patient_id", start, end, "update_mask", "expected_version"]);
    assert_eq!(wrong(quiet("08:00", "00:01")).await, [end], "more than 16 hours");
    assert_eq!(wrong(quiet("08:00", "08:00")).await, [end]);
}

#[tokio::test]
async fn what_a_patient_has_silenced_is_not_sent_but_for_what_everybody_has_to_know() {
    let service = Service::start().await;
    let visit = service.ground.reminded(&[1440]);
    service.silences(visit, "visit_changes").await;
    let to_patient = |messages: &[Notification], kind: NotificationKind, state: NotificationState| {
        let is_it = |message: &&Notification| {
            message.kind() == kind && message.recipient_kind() == RecipientKind::Patient
        };
        messages.iter().find(is_it).is_some_and(|message| message.state() == state)
    };
    service.publish("booked", visit, 1, "scheduled").await;
    service.until(visit, |messages| to_patient(messages, NotificationKind::Booked, SKIPPED)).await;
    service.ground.neighbours.change(visit, 2, AppointmentStatus::Cancelled);
    service.publish("cancelled", visit, 2, "cancelled").await;
    service.until(visit, |messages| to_patient(messages, NotificationKind::Cancelled, SENT)).await;

    let offer = service.ground.neighbours.offer();
    let waits = Visit { patient: offer.patient, ..visit };
    service.silences(waits, "offers").await;
    service.publish_offer(offer).await;
    service.until_offer_is(offer, SKIPPED).await;

    let other = service.ground.reminded(&[1440]);
    service.silences(other, "reminders").await;
    service.publish("booked", other, 1, "scheduled").await;
    service
        .until(other, |messages| messages.iter().filter(|message| message.state() == SENT).count() == 2)
        .await;
    service.until(other, |messages| messages.len() == 3).await;
    service.make_due(other, 1440).await;
    service.until(other, |messages| to_patient(messages, NotificationKind::Reminder, SKIPPED)).await;
}

#[tokio::test]
async fn who_looked_and_what_was_changed_is_noted() {
    let service = Service::start().await;
    let patient = service.ground.neighbours.visit().patient;
    service.preferences(Role::Staff, patient).await.unwrap();
    let change = change(patient, &["offers.email"], Preferences::default());
    service.prefer(Role::Patient(patient), change).await.unwrap();
    let noted = service.ground.noted(patient.0).await;
    let expected = [("read", "staff", ""), ("update", "patient", "offers.email")];
    assert_eq!(noted, expected.map(|(action, role, fields)| format!("{action} {role} {fields}")));
}

#[tokio::test]
async fn who_wants_no_mail_gets_none_and_holds_up_nobody() {
    let service = Service::start().await;
    for preference in [ContactPreference::None, ContactPreference::Phone] {
        let visit = service.ground.neighbours.visit();
        service.ground.neighbours.now_know(|known| {
            let patient = known.patients.get_mut(&visit.patient.to_string()).unwrap();
            patient.set_contact_preference(preference);
        });
        service.publish("booked", visit, 1, "scheduled").await;
        let messages = service
            .until(visit, |messages| {
                messages.len() == 2
                    && messages.iter().all(|message| match message.recipient_kind() {
                        RecipientKind::Patient => message.state() == SKIPPED,
                        _ => message.state() == SENT,
                    })
            })
            .await;
        let doctor = messages.iter().find(|message| message.state() == SENT).unwrap();
        service.mail_of(doctor).await;
    }
    assert_eq!(service.ground.mail.messages().len(), 2);
}
