//! The clinic that is measured, and what may be asked of it.
use crate::load::Target;
use jiff::{SignedDuration, Timestamp};
use tests::clinic::{at, visit};
use tests::mesh::Mesh;

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) doctors: u32,
    /// Of the past, with 16 visits for each doctor.
    pub(crate) days: u32,
}

impl Size {
    /// 10³ doctors, 10⁵ patients, 10⁶ visits.
    pub(crate) const FULL: Self = Self { doctors: 1000, days: 63 };
    pub(crate) const QUICK: Self = Self { doctors: 20, ..Self::FULL };

    /// A hundred for each doctor, so that nobody is with two doctors at once.
    pub(crate) fn patients(self) -> u32 {
        self.doctors * 100
    }

    pub(crate) fn visits(self) -> u32 {
        self.doctors * self.days * 16
    }
}

/// Those with visits ahead, so many as there are before the others come: about a thousand.
const BUSY: u32 = 9;
/// The day of theirs that is looked at, from today.
pub(crate) const DAY: i64 = 30;

/// Checked for each of a million rows they take half an hour; made for all of them at once, a minute.
const UNGUARDED: &str = "
    ALTER TABLE appointment.claims
        DROP CONSTRAINT no_double_booking, DROP CONSTRAINT no_two_sessions, DROP CONSTRAINT no_patient_in_two_visits";

const GUARDS: &str = "
    SELECT 'ALTER TABLE appointment.claims ' ||
           string_agg(format('ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), ', ')
      FROM pg_constraint
     WHERE conrelid = 'appointment.claims'::regclass AND contype = 'x'";

/// Doctors and patients, and a week of visits around the day that is looked at.
pub(crate) async fn open(mesh: &Mesh, size: Size) -> anyhow::Result<()> {
    let database = mesh.database().await;
    let script = include_str!("clinic.sql")
        .replace("$DOCTORS", &size.doctors.to_string())
        .replace("$PATIENTS", &size.patients().to_string());
    database.batch_execute(&script).await?;
    database.batch_execute(&visits(size, [1, BUSY], [DAY - 3, DAY + 3])).await?;
    Ok(database.batch_execute("ANALYZE").await?)
}

/// All visits of the past.
pub(crate) async fn grow(mesh: &Mesh, size: Size) -> anyhow::Result<()> {
    let database = mesh.database().await;
    let guards: String = database.query_one(GUARDS, &[]).await?.try_get(0)?;
    database.batch_execute(UNGUARDED).await?;
    database.batch_execute(&visits(size, [1, size.doctors], [-i64::from(size.days), -1])).await?;
    database.batch_execute(&format!("SET maintenance_work_mem = '512MB'; {guards}")).await?;
    // As autovacuum would have done by then.
    Ok(database.batch_execute("VACUUM ANALYZE").await?)
}

fn visits(size: Size, [first, last]: [u32; 2], [from, to]: [i64; 2]) -> String {
    include_str!("visits.sql")
        .replace("$PATIENTS", &size.patients().to_string())
        .replace("$FIRST_DOCTOR", &first.to_string())
        .replace("$LAST_DOCTOR", &last.to_string())
        .replace("$FIRST_DAY", &from.to_string())
        .replace("$LAST_DAY", &to.to_string())
}

/// The id of one of them.
pub(crate) fn doctor(number: u32) -> String {
    numbered(number)
}

fn numbered(number: u32) -> String {
    uuid::Uuid::from_u128(number.into()).to_string()
}

/// Bookings of times that differ, from the one numbered `first` on; the doctors have turns.
pub(crate) fn bookings(size: Size, token: &str, first: u32, count: u32) -> Vec<Target> {
    (first..first + count)
        .map(|number| booking(token, number % size.doctors + 1, number / size.doctors, number / size.doctors))
        .collect()
}

/// The `nth` half hour from tomorrow on, with a doctor, for one of the doctor's patients.
pub(crate) fn booking(token: &str, doctor: u32, nth: u32, patient: u32) -> Target {
    let patient = numbered(1_000_000_001 + (doctor - 1) * 100 + patient % 100);
    Target::post("/api/appointments", token, &visit(&patient, &numbered(doctor), time(nth)))
}

/// When that is.
pub(crate) fn time(nth: u32) -> Timestamp {
    at(1, 0, 0) + SignedDuration::from_mins(30 * i64::from(nth))
}
