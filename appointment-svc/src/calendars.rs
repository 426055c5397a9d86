//! Use cases about when a doctor can be booked: what doctor-svc and patient-svc say, and free times.
use crate::domain::commands::Party;
use crate::domain::interval::Interval;
use crate::domain::rules::Rules;
use crate::domain::slots::{self, Search};
use crate::error::Error;
use crate::neighbours::Neighbours;
use crate::store::{Locked, Store};
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proto::ids::{AppointmentId, DoctorId, PatientId};

/// Days after a taken time in which alternatives are looked for.
const ALTERNATIVE_DAYS: i32 = 7;

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
        let tx = connection.begin().await?;
        tx.reserve(rules.doctor_id.0).await?;
        let before = tx.lock_calendar(rules.doctor_id).await?;
        if let Some(Locked { rules: current, .. }) = &before
            && current.version >= rules.version
        {
            return Ok(current.version);
        }
        if refuse_if_booked {
            let ahead = tx.open_visits_of_doctor(rules.doctor_id).await?;
            let covered = |visit| before.as_ref().is_none_or(|before| before.rules.covers(visit));
            let left_out = ahead.into_iter().filter(|(_, visit)| covered(*visit) && !rules.covers(*visit));
            let left_out: Vec<AppointmentId> = left_out.map(|(id, _)| id).collect();
            if !left_out.is_empty() {
                return Err(Error::HasActiveAppointments(left_out));
            }
        }
        tx.put_calendar(&rules).await?;
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
        tx.commit().await?;
        Ok(party.version)
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

    /// The free times of `doctor` on `days` civil dates from `date`, and the rules they follow.
    /// The length is the doctor's own when `duration` is not given.
    pub async fn free_slots(
        &self,
        doctor: DoctorId,
        date: Date,
        days: i32,
        duration: Option<SignedDuration>,
    ) -> Result<(Vec<Interval>, Rules), Error> {
        let calendar = self.calendar(doctor).await?;
        let usual = SignedDuration::from_mins(i64::from(calendar.rules.slot_minutes));
        let search = Search { from: date, days, duration: duration.unwrap_or(usual) };
        Ok((self.free(&calendar, &search).await?, calendar.rules))
    }

    /// Up to three free times of the same length near `taken`, on its date and the week after.
    pub async fn alternatives(
        &self,
        doctor: DoctorId,
        taken: Interval,
    ) -> Result<(Vec<Interval>, TimeZone), Error> {
        let calendar = self.calendar(doctor).await?;
        let from = calendar.rules.zone.to_datetime(taken.start).date();
        let search = Search { from, days: ALTERNATIVE_DAYS, duration: taken.duration() };
        let slots = self.free(&calendar, &search).await?;
        Ok((slots::nearest(slots, taken.start), calendar.rules.zone))
    }

    /// The free times that `search` asks of `calendar`.
    async fn free(&self, calendar: &Locked, search: &Search) -> Result<Vec<Interval>, Error> {
        let Locked { rules, now } = calendar;
        let Some(span) = search.span(rules) else { return Ok(Vec::new()) };
        let connection = self.store.connection().await?;
        let reach = Interval { end: span.end + search.duration, ..span };
        let busy = connection.busy(rules.doctor_id, reach).await?;
        Ok(slots::free(rules, search, &busy, *now))
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
