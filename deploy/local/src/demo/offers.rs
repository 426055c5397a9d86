//! The kinds of visits that the clinic offers.
use super::desk::{Desk, unless_there};
use anyhow::Context;
use proto::doctor::{BookingPolicy, CreateVisitTypeRequest, Modality, VisitType};

/// Makes the kinds of visits that are missing.
pub(super) async fn furnish(admin: &Desk) -> anyhow::Result<()> {
    for visit_type in [check_up(), first_visit(), video()] {
        let request = admin.request(CreateVisitTypeRequest { visit_type: Some(visit_type) });
        let made = admin.doctor.clone().create_visit_type(request).await;
        unless_there(made).context("cannot add a visit type")?;
    }
    Ok(())
}

fn check_up() -> VisitType {
    VisitType {
        name: "Check-up".to_owned(),
        description: "Half an hour for those who have been here before.".to_owned(),
        duration_minutes: 30,
        price_minor: 4500,
        currency: "EUR".to_owned(),
        modality: Modality::InPerson.into(),
        is_active: true,
        ..VisitType::default()
    }
}

fn first_visit() -> VisitType {
    VisitType {
        name: "First visit".to_owned(),
        description: "An hour to get to know each other, and ten minutes to write it up.".to_owned(),
        duration_minutes: 60,
        buffer_after_minutes: 10,
        interval_minutes: 30,
        min_notice_minutes: 24 * 60,
        horizon_days: 180,
        price_minor: 9000,
        currency: "EUR".to_owned(),
        modality: Modality::InPerson.into(),
        is_active: true,
        policy: Some(BookingPolicy { cancel_notice_minutes: 48 * 60, ..policy() }),
        ..VisitType::default()
    }
}

fn video() -> VisitType {
    VisitType {
        name: "Video consultation".to_owned(),
        description: "Twenty minutes from wherever you are.".to_owned(),
        duration_minutes: 20,
        min_notice_minutes: 60,
        price_minor: 3000,
        currency: "EUR".to_owned(),
        modality: Modality::Telehealth.into(),
        is_active: true,
        ..VisitType::default()
    }
}

fn policy() -> BookingPolicy {
    BookingPolicy {
        cancel_notice_minutes: 24 * 60,
        reschedule_notice_minutes: 24 * 60,
        max_reschedules: Some(3),
        no_show_grace_minutes: 15,
        ..BookingPolicy::default()
    }
}
