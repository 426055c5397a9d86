use crate::clinic::Clinic;
use crate::wishes::{ada, add, get, hire, on, refusal, reschedule, wrong_fields};
use futures::future::join_all;
use proto::doctor::{Availability, DeleteAvailabilityRequest, ListAvailabilitiesRequest};
use proto::ids::{AvailabilityId, DoctorId};
use tokio_postgres::error::SqlState;
use tonic::Code;
use uuid::Uuid;

fn overlapping() -> (Code, String) {
    (Code::AlreadyExists, "OVERLAPPING_AVAILABILITY".to_owned())
}

#[tokio::test]
async fn hours_are_listed_by_day_and_time() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    for (day, start, end) in [(4, "09:00", "12:00"), (0, "13:00", "24:00"), (0, "08:30", "13:00:00")] {
        add(&mut admin, on(&doctor, day, start, end)).await.unwrap();
    }
    let list = ListAvailabilitiesRequest { doctor_id: doctor.id.clone() };
    let listed = clinic.patient().list_availabilities(list).await.unwrap().into_inner().availabilities;
    let times: Vec<_> =
        listed.iter().map(|hours| (hours.day_of_week, &hours.start_time[..], &hours.end_time[..])).collect();
    assert_eq!(
        times,
        [(0, "08:30:00", "13:00:00"), (0, "13:00:00", "24:00:00"), (4, "09:00:00", "12:00:00")]
    );
    let found = get(&mut admin, &doctor.id).await.unwrap();
    assert!(found.availabilities == listed && found.version == 4);
}

#[tokio::test]
async fn hours_do_not_overlap_whoever_is_first() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let attempts = (0..6).map(|number| {
        let (mut admin, wish) = (admin.clone(), on(&doctor, 0, &format!("09:{number}0"), "12:00"));
        async move { add(&mut admin, wish).await }
    });
    let (made, refused): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 5));
    for refused in refused {
        assert_eq!(refusal(refused), overlapping());
    }

    let later = add(&mut admin, on(&doctor, 0, "12:00", "13:00")).await.unwrap();
    let earlier = Availability { start_time: "11:59".to_owned(), ..later };
    assert_eq!(refusal(reschedule(&mut admin, earlier, &["start_time"]).await), overlapping());
    let other = hire(&mut admin, crate::wishes::named("Grace", "Hopper")).await;
    assert!(add(&mut admin, on(&other, 0, "09:00", "12:00")).await.is_ok());
}

#[tokio::test]
async fn the_database_refuses_hours_that_overlap_by_itself() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let insert = "INSERT INTO doctor.availabilities (id, doctor_id, day_of_week, start_second, end_second, is_available)
                  VALUES ($1, $2, 0, 39600, 46800, false)";
    let doctor_id: DoctorId = doctor.id.parse().unwrap();
    let refused = clinic.sql.execute(insert, &[&Uuid::now_v7(), &doctor_id.0]).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::EXCLUSION_VIOLATION));
}

#[tokio::test]
async fn what_is_wrong_with_hours_is_told_by_field() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let wrong = on(&doctor, 7, "9:00", "24:01");
    let fields = ["availability.day_of_week", "availability.start_time", "availability.end_time"];
    assert_eq!(wrong_fields(add(&mut admin, wrong).await), fields);
    for (start, end, field) in [
        ("12:00", "12:00", "availability.end_time"),
        ("00:00", "00:00", "availability.end_time"),
        ("24:00", "09:00", "availability.start_time"),
        ("24:00", "24:00", "availability.end_time"),
        ("09:00:30", "12:00", "availability.start_time"),
        ("", "12:00", "availability.start_time"),
    ] {
        assert_eq!(wrong_fields(add(&mut admin, on(&doctor, 0, start, end)).await), [field], "{start}");
    }
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();
    let late = Availability { start_time: "12:00".to_owned(), ..hours.clone() };
    assert_eq!(wrong_fields(reschedule(&mut admin, late, &["start_time"]).await), ["availability.end_time"]);
    assert_eq!(wrong_fields(reschedule(&mut admin, hours, &["doctor_id"]).await), ["update_mask"]);
}

#[tokio::test]
async fn hours_are_found_with_their_doctor_only() {
    let clinic = Clinic::open().await;
    let mut admin = clinic.admin();
    let doctor = hire(&mut admin, ada()).await;
    let other = hire(&mut admin, crate::wishes::named("Grace", "Hopper")).await;
    let hours = add(&mut admin, on(&doctor, 0, "09:00", "12:00")).await.unwrap();

    let missing = (Code::NotFound, "AVAILABILITY_NOT_FOUND".to_owned());
    let elsewhere = Availability { doctor_id: other.id.clone(), ..hours.clone() };
    assert_eq!(refusal(reschedule(&mut admin, elsewhere, &["end_time"]).await), missing);
    let delete = DeleteAvailabilityRequest { doctor_id: other.id, id: hours.id.clone() };
    assert_eq!(refusal(admin.delete_availability(delete).await), missing);
    let unknown = AvailabilityId::random().to_string();
    let delete = DeleteAvailabilityRequest { doctor_id: doctor.id.clone(), id: unknown };
    assert_eq!(refusal(admin.delete_availability(delete).await), missing);

    let nobody = DoctorId::random().to_string();
    let missing = (Code::NotFound, "DOCTOR_NOT_FOUND".to_owned());
    let elsewhere = Availability { doctor_id: nobody.clone(), ..hours.clone() };
    assert_eq!(refusal(add(&mut admin, elsewhere).await), missing);
    let list = ListAvailabilitiesRequest { doctor_id: nobody };
    assert_eq!(refusal(admin.list_availabilities(list).await), missing);

    let delete = DeleteAvailabilityRequest { doctor_id: doctor.id.clone(), id: hours.id.clone() };
    assert!(admin.delete_availability(delete).await.unwrap().into_inner() == hours);
    assert!(get(&mut admin, &doctor.id).await.unwrap().availabilities.is_empty());
}
