//! Use cases about what decides when a doctor can be booked: what doctor-svc and patient-svc say.
use crate::domain::clinic::Clinic;
use crate::domain::commands::Party;
use crate::domain::interval::Interval;
use crate::domain::questions::MAX_DOCTORS;
use crate::domain::rules::Rules;
use crate::domain::schedule::Schedule;
use crate::domain::slots::MAX_DAYS;
use crate::domain::waitlist::{Offer, OfferState};
use crate::error::Error;
use crate::neighbours::Neighbours;
use crate::store::{Locked, Store, Tx};
use jiff::{SignedDuration, Timestamp};
use proto::ids::{AppointmentId, DoctorId, PatientId, VisitTypeId};

#[derive(Clone)]
pub struct Calendars {
    store: Store,
    neighbours: Neighbours,
}

impl Calendars {
    pub fn new(store: Store, neighbours: Neighbours) -> Self {
        Self { store, neighbours }
    }

    /// Replaces what a doctor offers unless a later version is known; the version then in force.
    /// With `refuse_if_booked`, nothing changes when visits ahead would fall outside.
    pub async fn apply(&self, rules: Rules, refuse_if_booked: bool) -> Result<i64, Error> {
        let mut connection = self.store.connection().await?;
        let now = connection.now().await?;
        let tx = connection.begin().await?;
        tx.reserve(rules.doctor_id.0).await?;
        let before = tx.lock_calendar(rules.doctor_id).await?;
        if let Some(Locked { rules: current, .. }) = &before
            && current.version >= rules.version
        {
            return Ok(current.version);
        }
        let clinic = tx.clinic().await?;
        let was_open = before.as_ref().map(|before| Schedule { rules: &before.rules, clinic: &clinic });
        let schedule = Schedule { rules: &rules, clinic: &clinic };
        if refuse_if_booked {
            let ahead = tx.open_visits_of_doctor(rules.doctor_id).await?;
            refuse_left_out(&ahead, was_open, schedule)?;
        }
        tx.put_calendar(&rules).await?;
        let offers = tx.open_offers_of(Some(rules.doctor_id)).await?;
        withdraw_left_out(&tx, &offers, &[schedule]).await?;
        tx.open(rules.doctor_id, &schedule.gained(was_open, ahead(now))).await?;
        tx.commit().await?;
        Ok(rules.version)
    }

    /// Says whether a patient may be booked unless a later version is known; the version then in force.
    /// With `refuse_if_booked`, nothing changes while the patient has visits ahead.
    pub async fn apply_party(&self, party: Party, refuse_if_booked: bool) -> Result<i64, Error> {
        let mut connection = self.store.connection().await?;
        let tx = connection.begin().await?;
        tx.reserve(party.patient_id.0).await?;
        if let Some(current) = tx.lock_party(party.patient_id).await?
            && current >= party.version
        {
            return Ok(current);
        }
        if refuse_if_booked {
            let ahead = tx.open_visits_of_patient(party.patient_id).await?;
            if !ahead.is_empty() {
                return Err(Error::HasActiveAppointments(ahead));
            }
        }
        tx.put_party(party.patient_id, party.version, party.is_active).await?;
        if !party.is_active {
            for entry in tx.cancel_entries(party.patient_id).await? {
                if let Some(offer) = tx.open_offer(entry).await? {
                    tx.give_back(&offer, OfferState::Withdrawn).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(party.version)
    }

    /// Replaces what the clinic offers unless a later version is known; the version then in force.
    /// With `refuse_if_booked`, nothing changes when visits ahead would fall outside or lose their room.
    pub async fn apply_clinic(&self, clinic: Clinic, refuse_if_booked: bool) -> Result<i64, Error> {
        let mut connection = self.store.connection().await?;
        let now = connection.now().await?;
        let everyone = connection.calendars(&[], "", "", MAX_DOCTORS).await?;
        let tx = connection.begin().await?;
        // Nobody books meanwhile; those who book next see what holds then.
        let calendars = if refuse_if_booked { tx.lock_calendars(None).await? } else { Vec::new() };
        let before = tx.lock_clinic().await?;
        if before.version >= clinic.version {
            return Ok(before.version);
        }
        for Locked { rules, .. } in &calendars {
            let ahead = tx.open_visits_of_doctor(rules.doctor_id).await?;
            let now_open = Schedule { rules, clinic: &before };
            refuse_left_out(&ahead, Some(now_open), Schedule { rules, clinic: &clinic })?;
        }
        if refuse_if_booked {
            let gone: Vec<_> = before.rooms_not_in(&clinic).map(|room| room.0).collect();
            let ahead = tx.open_visits_in_rooms(&gone).await?;
            if !ahead.is_empty() {
                return Err(Error::HasActiveAppointments(ahead));
            }
        }
        tx.put_clinic(&clinic).await?;
        let schedules = everyone.iter().map(|Locked { rules, .. }| Schedule { rules, clinic: &clinic });
        let schedules: Vec<_> = schedules.collect();
        withdraw_left_out(&tx, &tx.open_offers_of(None).await?, &schedules).await?;
        for schedule in schedules {
            let rules = schedule.rules;
            let was_open = Schedule { rules, clinic: &before };
            tx.open(rules.doctor_id, &schedule.gained(Some(was_open), ahead(now))).await?;
        }
        tx.commit().await?;
        Ok(clinic.version)
    }

    /// Asks doctor-svc what the clinic offers now.
    pub async fn refresh_clinic(&self) -> Result<(), Error> {
        let clinic = self.neighbours.clinic().await?;
        self.apply_clinic(clinic, false).await?;
        Ok(())
    }

    /// Makes sure that `visit_type` is on offer, by what doctor-svc says when nothing is known of it here.
    pub async fn visit_type(&self, visit_type: VisitTypeId) -> Result<(), Error> {
        let is_known = async || -> Result<bool, Error> {
            let clinic = self.store.connection().await?.clinic().await?;
            Ok(clinic.visit_types.contains_key(&visit_type))
        };
        if is_known().await? {
            return Ok(());
        }
        self.refresh_clinic().await?;
        if is_known().await? { Ok(()) } else { Err(Error::NoSuchVisitType) }
    }

    /// Asks doctor-svc what `doctor` offers now; false when there is no such doctor.
    pub async fn refresh(&self, doctor: DoctorId) -> Result<bool, Error> {
        let Some(rules) = self.neighbours.rules(doctor).await? else { return Ok(false) };
        self.apply(rules, false).await?;
        Ok(true)
    }

    /// Asks patient-svc whether `patient` may be booked now; false when there is no such patient.
    pub async fn refresh_party(&self, patient: PatientId) -> Result<bool, Error> {
        let Some(party) = self.neighbours.party(patient).await? else { return Ok(false) };
        self.apply_party(party, false).await?;
        Ok(true)
    }

    /// What an active `doctor` offers, asked of doctor-svc when nothing is known yet.
    pub async fn calendar(&self, doctor: DoctorId) -> Result<Locked, Error> {
        let known = self.store.connection().await?.calendar(doctor).await?;
        let calendar = match known {
            Some(calendar) => Some(calendar),
            None if self.refresh(doctor).await? => self.store.connection().await?.calendar(doctor).await?,
            None => None,
        };
        calendar.filter(|calendar| calendar.rules.is_active).ok_or(Error::NoSuchDoctor)
    }
}

/// The time in which whoever waits is told of hours that are new.
fn ahead(now: Timestamp) -> Interval {
    Interval { start: now, end: now + SignedDuration::from_hours(24 * i64::from(MAX_DAYS)) }
}

/// Takes back of `offers` what `doctors`' hours no longer have.
async fn withdraw_left_out(tx: &Tx<'_>, offers: &[Offer], doctors: &[Schedule<'_>]) -> Result<(), Error> {
    for offer in offers {
        let schedule = doctors.iter().find(|schedule| schedule.rules.doctor_id == offer.doctor_id);
        if schedule.is_none_or(|schedule| !schedule.covers(offer.visit)) {
            tx.give_back(offer, OfferState::Withdrawn).await?;
        }
    }
    Ok(())
}

/// Refuses a change by which a visit of `ahead` that the doctor works for now would lie outside.
fn refuse_left_out(
    ahead: &[(AppointmentId, Interval)],
    before: Option<Schedule<'_>>,
    after: Schedule<'_>,
) -> Result<(), Error> {
    let was_covered = |visit| before.is_none_or(|before| before.covers(visit));
    let left_out = ahead.iter().filter(|(_, visit)| was_covered(*visit) && !after.covers(*visit));
    let left_out: Vec<AppointmentId> = left_out.map(|(id, _)| *id).collect();
    if left_out.is_empty() { Ok(()) } else { Err(Error::HasActiveAppointments(left_out)) }
}
