use crate::clinic::{Client, PATIENCE};
use crate::crowd::{Crowd, DAYS, Dice};
use crate::past::now;
use crate::process::verify;
use appointment_svc::calendars::Calendars;
use appointment_svc::domain::questions::{Among, Dates, Kind};
use appointment_svc::neighbours::Neighbours;
use appointment_svc::offers::{self, Offers};
use appointment_svc::store::Store;
use deadpool_postgres::Pool;
use platform::client::Peer;
use platform::outbox::Outbox;
use platform::{config, deadline, postgres};
use proto::appointment::{ListAvailableSlotsRequest, SearchSlotsRequest, Slot};
use proto::ids::DoctorId;
use proto::time::from_wire;
use std::collections::{BTreeMap, HashSet};
use tokio::time::Instant;
use tonic::Code;

/// Sizes that pages have in turn.
const SIZES: [i32; 4] = [200, 1, 61, 200];

/// What is found page after page, and how many pages that took.
async fn found(client: &mut Client, wanted: &SearchSlotsRequest) -> (Vec<Slot>, usize) {
    let (mut found, mut pages, mut page_token) = (Vec::new(), 0, String::new());
    loop {
        let page_size = SIZES[pages % SIZES.len()];
        let page = SearchSlotsRequest { page_size, page_token, ..wanted.clone() };
        // Built for debugging, it takes seconds where it usually takes one.
        let late = Instant::now() + PATIENCE;
        let page = deadline::within(late, client.search_slots(page)).await.unwrap().unwrap().into_inner();
        found.extend(page.slots);
        pages += 1;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return (found, pages);
        }
    }
}

/// What each doctor offers for itself, put together.
async fn listed_one_by_one(
    client: &mut Client,
    doctors: &[DoctorId],
    wanted: &SearchSlotsRequest,
) -> Vec<Slot> {
    let mut listed = Vec::new();
    for doctor in doctors {
        let request = ListAvailableSlotsRequest {
            doctor_id: doctor.to_string(),
            date: wanted.date.clone(),
            days: wanted.days,
            visit_type_id: wanted.visit_type_id.clone(),
            ..ListAvailableSlotsRequest::default()
        };
        match client.list_available_slots(request).await {
            Ok(slots) => listed.extend(slots.into_inner().slots),
            // Who is no longer here.
            Err(unknown) => assert_eq!(unknown.code(), Code::NotFound, "{unknown}"),
        }
    }
    listed.sort_by_cached_key(|slot| (from_wire(slot.start_time).unwrap(), slot.doctor_id.clone()));
    listed
}

#[tokio::test]
async fn the_earliest_times_among_hundreds_of_doctors_are_those_of_each() {
    let seed = now().as_microsecond().cast_unsigned();
    println!("seed {seed}");
    let crowd = Crowd::gather(&mut Dice::of(seed)).await;
    let everyone =
        SearchSlotsRequest { date: crowd.from.to_string(), days: DAYS, ..SearchSlotsRequest::default() };
    let every_third: Vec<_> = crowd.doctors.iter().copied().step_by(3).collect();
    let some = |visit_type_id: &str| SearchSlotsRequest {
        visit_type_id: visit_type_id.to_owned(),
        doctor_ids: every_third.iter().map(DoctorId::to_string).collect(),
        ..everyone.clone()
    };
    for (user, doctors, wanted) in [
        (crowd.staff, &crowd.doctors, everyone.clone()),
        (crowd.patient, &every_third, some(&crowd.treatment.id)),
        (crowd.patient, &every_third, some(&crowd.scan.id)),
    ] {
        let mut client = crowd.clinic.user(user);
        let (found, pages) = found(&mut client, &wanted).await;
        let listed = listed_one_by_one(&mut client, doctors, &wanted).await;
        println!("{} times on {pages} pages", found.len());
        let first_other = found.iter().zip(&listed).position(|(found, listed)| found != listed);
        assert_eq!((first_other, found.len()), (None, listed.len()), "seed {seed}");
        assert!(pages >= SIZES.len(), "{pages}");
    }
    let (is_sound, written) = verify(&crowd.clinic).await;
    assert!(is_sound, "{written}");
}

/// How often each statement was carried out on the only connection. The database counts, and the store prepares all.
async fn carried_out(pool: &Pool) -> BTreeMap<String, i64> {
    let counted = "SELECT substring(statement FROM 'appointment\\.(\\w+)'), generic_plans + custom_plans
                     FROM pg_prepared_statements WHERE statement LIKE '%appointment.%' AND statement NOT LIKE '%prepared%'";
    let rows = pool.get().await.unwrap().query(counted, &[]).await.unwrap();
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.get(0)).or_default() += row.get::<_, i64>(1);
    }
    counts
}

#[tokio::test]
async fn a_search_reads_the_rules_of_all_at_once_and_their_claims_at_once() {
    let crowd = Crowd::gather(&mut Dice::of(1)).await;
    let Crowd { clinic, .. } = &crowd;
    let settings = config::Postgres { database_max_connections: 1, ..clinic.config().postgres };
    let pool = postgres::pool_planning_once(&settings, "test").unwrap();
    let store = Store::new(pool.clone(), Outbox::new("appointment"));
    let [doctors, patients] = [clinic.doctor_svc.url(), clinic.patient_svc.url()]
        .map(|url| Peer::new("neighbour", &url, None).unwrap());
    let calendars = Calendars::new(store.clone(), Neighbours::new(doctors, patients));
    let offers = Offers::new(store, calendars);
    let dates = Dates { from: crowd.from, days: DAYS };
    let search = async |user, kind| {
        let (reader, all) = (offers::reader(user, None).unwrap(), Among::default());
        offers.search(reader, &all, kind, dates, None, 200).await.unwrap()
    };
    // Reads what the clinic offers; later only whether it still does.
    search(&crowd.staff, Kind::default()).await;
    let scan = Kind { visit_type: Some(crowd.scan.id.parse().unwrap()), ..Kind::default() };
    // That a visit type is on offer is asked before it is known what else there is.
    for (user, kind, looks_at_clinic) in [(&crowd.staff, Kind::default(), 1), (&crowd.patient, scan, 2)] {
        let before = carried_out(&pool).await;
        let found = search(user, kind).await;
        let with: HashSet<_> = found.iter().map(|found| found.doctor).collect();
        assert!(found.len() == 200 && with.len() > 10, "{}", with.len());
        let asked = carried_out(&pool).await.into_iter();
        let asked = asked.map(|(table, times)| (table.clone(), times - before.get(&table).unwrap_or(&0)));
        let asked: Vec<_> = asked.filter(|(_, times)| *times > 0).collect();
        let once = [("calendars", 1), ("claims", 1), ("clinic", looks_at_clinic)];
        assert_eq!(asked, once.map(|(table, times)| (table.to_owned(), times)));
    }
}
