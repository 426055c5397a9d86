//! Calendars that programs of patients and doctors subscribe to.
use crate::neighbours::Visit;
use crate::service::{Ground, Service};
use calcard::common::timezone::Tz;
use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarProperty as Property};
use jiff::{SignedDuration, Timestamp};
use platform::caller::{Role, User};
use platform::fault::reason;
use proto::appointment::AppointmentStatus;
use proto::doctor::VisitType;
use proto::ids::{DoctorId, PatientId, SessionId, UserId, VisitTypeId};
use proto::notification::{
    CalendarFeed, CalendarTitles, DeleteDoctorCalendarFeedRequest, DeletePatientCalendarFeedRequest,
    GetCalendarRequest, GetDoctorCalendarFeedRequest, GetPatientCalendarFeedRequest, NewCalendarFeed,
    RotateDoctorCalendarFeedRequest, RotatePatientCalendarFeedRequest,
};
use proto::time::to_wire;
use tonic::{Code, Request, Response, Status};

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Ground {
    /// A visit that begins `days` from now.
    fn visit_in(&self, days: i32) -> (Visit, Timestamp) {
        let (visit, start) = (self.neighbours.visit(), Self::now() + DAY * days);
        self.neighbours.change_visit(visit, |summary| {
            summary.start_time = Some(to_wire(start));
            summary.end_time = Some(to_wire(start + SignedDuration::from_mins(30)));
        });
        (visit, start)
    }

    /// What was noted about the calendar of a patient, oldest first: what, by whom, and why.
    async fn noted_of_feed(&self, owner: uuid::Uuid) -> Vec<String> {
        let entries = "SELECT concat_ws(' ', action, role, reason) FROM audit.entries
                        WHERE resource_ids = ARRAY[$1::uuid] AND subjects = ARRAY[$1::uuid] AND resource = 'calendar_feed' ORDER BY at";
        let rows = self.sql().await.query(entries, &[&owner]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl Service {
    async fn feed_of_patient(&self, role: Role, patient: PatientId) -> Result<CalendarFeed, Status> {
        let get = GetPatientCalendarFeedRequest { patient_id: patient.to_string() };
        self.feeds.clone().get_patient_calendar_feed(self.ask(role, get)).await.map(Response::into_inner)
    }

    async fn subscribe_patient(
        &self,
        role: Role,
        patient: PatientId,
        titles: CalendarTitles,
    ) -> Result<NewCalendarFeed, Status> {
        let rotate =
            RotatePatientCalendarFeedRequest { patient_id: patient.to_string(), titles: titles.into() };
        self.feeds
            .clone()
            .rotate_patient_calendar_feed(self.ask(role, rotate))
            .await
            .map(Response::into_inner)
    }

    async fn subscribe_doctor(
        &self,
        role: Role,
        doctor: DoctorId,
        titles: CalendarTitles,
    ) -> Result<NewCalendarFeed, Status> {
        let rotate = RotateDoctorCalendarFeedRequest { doctor_id: doctor.to_string(), titles: titles.into() };
        self.feeds.clone().rotate_doctor_calendar_feed(self.ask(role, rotate)).await.map(Response::into_inner)
    }

    /// What whoever has `url` reads.
    async fn read(&self, url: &str) -> Result<String, Status> {
        let token = url.strip_prefix("https://clinic.example/calendars/").unwrap();
        let token = token.strip_suffix(".ics").unwrap().to_owned();
        let calendar = self.feeds.clone().get_calendar(Request::new(GetCalendarRequest { token })).await;
        calendar.map(|calendar| calendar.into_inner().content)
    }

    async fn is_gone(&self, url: &str) {
        let refused = self.read(url).await.err().unwrap();
        assert_eq!(
            (refused.code(), reason(&refused).as_deref()),
            (Code::NotFound, Some("CALENDAR_NOT_FOUND"))
        );
    }
}

/// The visits in a calendar: id, title, status, and when they are.
fn visits(calendar: &str) -> Vec<(String, String, String, i64)> {
    let read = ICalendar::parse(calendar).unwrap();
    let starts = read.expand_dates(Tz::UTC, 100).events;
    let is_event = |component: &ICalendarComponentType| *component == ICalendarComponentType::VEvent;
    let events = read.components.iter().enumerate().filter(|(_, part)| is_event(&part.component_type));
    events
        .map(|(index, event)| {
            let start = starts.iter().find(|start| start.comp_id as usize == index).unwrap();
            let title = event.property(&Property::Summary).unwrap().values[0].as_text().unwrap();
            let status = format!("{:?}", event.status().unwrap());
            (event.uid().unwrap().to_owned(), title.to_owned(), status, start.clone().timestamps().0)
        })
        .collect()
}

fn event(visit: Visit, title: &str, status: &str, start: Timestamp) -> (String, String, String, i64) {
    (visit.id.to_string(), title.to_owned(), status.to_owned(), start.as_second())
}

#[tokio::test]
async fn a_calendar_has_the_visits_of_a_month_ago_until_next_year_also_those_that_were_cancelled() {
    let service = Service::start().await;
    let ground = &service.ground;
    let (first, start) = ground.visit_in(-29);
    let of_patient = |days: i32, status: AppointmentStatus| {
        let (visit, start) = ground.visit_in(days);
        ground.neighbours.change_visit(visit, |summary| {
            summary.patient_id = first.patient.to_string();
            summary.set_status(status);
        });
        (visit, start)
    };
    let cancelled = of_patient(3, AppointmentStatus::Cancelled);
    let far = of_patient(364, AppointmentStatus::Confirmed);
    for (days, status) in [
        (-31, AppointmentStatus::Completed),
        (366, AppointmentStatus::Scheduled),
        (4, AppointmentStatus::Requested),
    ] {
        of_patient(days, status);
    }
    ground.visit_in(2);
    let patient = Role::Patient(first.patient);
    let private = CalendarTitles::Unspecified;
    let NewCalendarFeed { url, .. } =
        service.subscribe_patient(patient, first.patient, private).await.unwrap();
    let calendar = service.read(&url).await.unwrap();
    let title = "Appointment – Dr. Grace Hopper";
    assert_eq!(
        visits(&calendar),
        [
            event(first, title, "Confirmed", start),
            event(cancelled.0, title, "Cancelled", cancelled.1),
            event(far.0, title, "Confirmed", far.1),
        ]
    );
    assert!(!calendar.contains("Lovelace") && !calendar.contains("ATTENDEE"), "{calendar}");
    assert!(
        calendar.contains("METHOD:PUBLISH\r\n")
            && calendar.contains("X-WR-CALNAME:Appointments – Clinic\r\n")
    );
    assert_eq!(service.read(&url).await.unwrap(), calendar, "nothing has changed");

    ground.neighbours.change(first, 5, AppointmentStatus::Cancelled);
    let changed = service.read(&url).await.unwrap();
    assert!(changed.contains("SEQUENCE:5\r\n") && changed != calendar, "{changed}");
}

#[tokio::test]
async fn visit_types_are_told_when_that_was_asked_for_and_doctors_never_read_who_comes() {
    let service = Service::start().await;
    let (visit, start) = service.ground.visit_in(1);
    let visit_type = VisitTypeId::random().to_string();
    service.ground.neighbours.change_visit(visit, |summary| summary.visit_type_id.clone_from(&visit_type));
    service.ground.neighbours.now_know(|known| {
        known.visit_types =
            vec![VisitType { id: visit_type, name: "Check-up, long".to_owned(), ..VisitType::default() }];
    });
    let (doctor, private, typed) =
        (Role::Doctor(visit.doctor), CalendarTitles::Private, CalendarTitles::VisitType);
    let url = service.subscribe_doctor(doctor, visit.doctor, private).await.unwrap().url;
    let calendar = service.read(&url).await.unwrap();
    assert_eq!(visits(&calendar), [event(visit, "Appointment", "Confirmed", start)]);

    let url = service.subscribe_doctor(Role::Staff, visit.doctor, typed).await.unwrap().url;
    let calendar = service.read(&url).await.unwrap();
    assert_eq!(visits(&calendar), [event(visit, "Appointment (Check-up, long)", "Confirmed", start)]);
    assert!(!calendar.contains("Lovelace") && !calendar.contains(&visit.patient.to_string()), "{calendar}");

    let url = service.subscribe_patient(Role::Admin, visit.patient, typed).await.unwrap().url;
    let expected = [event(visit, "Appointment – Dr. Grace Hopper (Check-up, long)", "Confirmed", start)];
    assert_eq!(visits(&service.read(&url).await.unwrap()), expected);
}

#[tokio::test]
async fn an_address_leads_nowhere_once_there_is_another_or_none_or_nobody() {
    let service = Service::start().await;
    let (visit, _) = service.ground.visit_in(1);
    let (patient, titles) = (Role::Patient(visit.patient), CalendarTitles::Private);
    let none = service.feed_of_patient(patient, visit.patient).await.err().unwrap();
    assert_eq!(reason(&none).as_deref(), Some("CALENDAR_FEED_NOT_FOUND"));

    let first = service.subscribe_patient(patient, visit.patient, titles).await.unwrap();
    let feed = service.feed_of_patient(Role::Staff, visit.patient).await.unwrap();
    assert!(feed == first.feed.unwrap() && feed.last_fetch_time.is_none());
    for _ in 0..2 {
        service.read(&first.url).await.unwrap();
    }
    assert!(service.feed_of_patient(patient, visit.patient).await.unwrap().last_fetch_time.is_some());
    let hashes =
        "SELECT count(*) FROM notification.calendar_feeds WHERE position($1::bytea IN token_hash) > 0";
    let token = first.url.rsplit('/').next().unwrap().as_bytes()[..16].to_vec();
    assert_eq!(service.ground.sql().await.query_one(hashes, &[&token]).await.unwrap().get::<_, i64>(0), 0);

    let second = service.subscribe_patient(Role::Admin, visit.patient, titles).await.unwrap();
    service.is_gone(&first.url).await;
    service.read(&second.url).await.unwrap();
    service.is_gone("https://clinic.example/calendars/nonsense.ics").await;

    let delete = DeletePatientCalendarFeedRequest { patient_id: visit.patient.to_string() };
    let deleted = service.feeds.clone().delete_patient_calendar_feed(service.ask(patient, delete)).await;
    deleted.unwrap();
    service.is_gone(&second.url).await;
    let noted = service.ground.noted_of_feed(visit.patient.0).await;
    assert_eq!(
        noted,
        [
            "rotate patient",
            "read staff",
            // Once a minute.
            "read nobody link",
            "read patient",
            "rotate admin",
            "read nobody link",
            "delete patient",
        ]
    );

    let doctors = service.subscribe_doctor(Role::Doctor(visit.doctor), visit.doctor, titles).await.unwrap();
    let patients = service.subscribe_patient(patient, visit.patient, titles).await.unwrap();
    service.ground.neighbours.now_know(|known| {
        known.patients.clear();
        known.deleted_doctors.insert(visit.doctor.to_string());
    });
    service.is_gone(&doctors.url).await;
    service.is_gone(&patients.url).await;
}

#[tokio::test]
async fn a_calendar_that_cannot_be_put_together_is_not_told_as_an_empty_one() {
    let service = Service::start().await;
    let (visit, _) = service.ground.visit_in(1);
    let titles = CalendarTitles::Private;
    let url = service.subscribe_patient(Role::Staff, visit.patient, titles).await.unwrap().url;
    service.ground.neighbours.now_know(|known| known.no_patients = true);
    assert_eq!(service.read(&url).await.err().unwrap().code(), Code::Unavailable);
}

#[tokio::test]
async fn whoever_acts_for_a_patient_is_given_no_address_that_outlives_their_leave() {
    let service = Service::start().await;
    let (visit, _) = service.ground.visit_in(1);
    let (own, titles) = (Role::Patient(visit.patient), CalendarTitles::Private);
    service.subscribe_patient(own, visit.patient, titles).await.unwrap();
    let proxy = User { acting: true, ..User::new(UserId::random(), SessionId::random(), own) };
    let patient_id = visit.patient.to_string();
    let rotate = RotatePatientCalendarFeedRequest { patient_id: patient_id.clone(), titles: titles.into() };
    let rotate = service.ask_as(proxy, rotate);
    let refused = service.feeds.clone().rotate_patient_calendar_feed(rotate).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::PermissionDenied, Some("FORBIDDEN")));
    let get = GetPatientCalendarFeedRequest { patient_id: patient_id.clone() };
    service.feeds.clone().get_patient_calendar_feed(service.ask_as(proxy, get)).await.unwrap();
    let delete = DeletePatientCalendarFeedRequest { patient_id };
    service.feeds.clone().delete_patient_calendar_feed(service.ask_as(proxy, delete)).await.unwrap();
}

#[tokio::test]
async fn nobody_sees_to_the_calendar_of_another() {
    let service = Service::start().await;
    let (visit, other) = (service.ground.visit_in(1).0, service.ground.visit_in(1).0);
    let titles = CalendarTitles::Private;
    let hidden = service.subscribe_patient(Role::Patient(other.patient), visit.patient, titles).await;
    let unknown = service.subscribe_patient(Role::Staff, PatientId::random(), titles).await;
    for refused in [hidden.err().unwrap(), unknown.err().unwrap()] {
        assert_eq!(
            (refused.code(), reason(&refused).as_deref()),
            (Code::NotFound, Some("PATIENT_NOT_FOUND"))
        );
    }
    let get = GetDoctorCalendarFeedRequest { doctor_id: visit.doctor.to_string() };
    let get = service.ask(Role::Doctor(other.doctor), get);
    let refused = service.feeds.clone().get_doctor_calendar_feed(get).await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let nobodys = DeleteDoctorCalendarFeedRequest { doctor_id: DoctorId::random().to_string() };
    let nobodys = service.ask(Role::Admin, nobodys);
    let refused = service.feeds.clone().delete_doctor_calendar_feed(nobodys).await.err().unwrap();
    assert_eq!(reason(&refused).as_deref(), Some("DOCTOR_NOT_FOUND"));
}
