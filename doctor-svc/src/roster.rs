//! The use cases on doctors.
use crate::changes::Changes;
use crate::domain::doctor::{Doctor, Edit, Profile};
use crate::domain::practice::Practice;
use crate::error::Error;
use crate::store::Store;
use crate::store::doctors::Place;
use jiff::Timestamp;
use platform::page::PageTokens;
use platform::violations::Violations;
use proto::ids::DoctorId;
use proto::scalars::Specialization;

#[derive(Clone)]
pub struct Roster {
    store: Store,
    changes: Changes,
    tokens: PageTokens,
}

/// Which doctors, and which page of them.
pub struct ListDoctors {
    pub specialization: Option<Specialization>,
    pub page_size: i64,
    pub page_token: String,
}

pub struct EditDoctor {
    pub id: DoctorId,
    pub edits: Vec<Edit>,
    /// 0 for any.
    pub expected_version: i64,
}

impl Roster {
    pub fn new(store: Store, changes: Changes, tokens: PageTokens) -> Self {
        Self { store, changes, tokens }
    }

    pub async fn hire(&self, profile: Profile, now: Timestamp) -> Result<Practice, Error> {
        self.changes.create(Practice::opened(profile, now)).await
    }

    pub async fn find(&self, id: DoctorId) -> Result<Practice, Error> {
        let practice = self.find_ever(id).await?;
        if practice.doctor.is_live() { Ok(practice) } else { Err(Error::DoctorNotFound) }
    }

    /// Deleted doctors too: calendars must learn that they are.
    pub async fn find_ever(&self, id: DoctorId) -> Result<Practice, Error> {
        self.store.connection().await?.find(id).await?.ok_or(Error::DoctorNotFound)
    }

    /// A page of doctors and the token of the next.
    pub async fn list(&self, list: ListDoctors) -> Result<(Vec<Doctor>, String), Error> {
        let ListDoctors { specialization, page_size, page_token } = list;
        // A token belongs to one list, and another specialization is another list.
        let specialization = specialization.as_ref().map(Specialization::as_str);
        let name = format!("doctors/{}", specialization.unwrap_or_default().to_lowercase());
        let last: Option<Place> =
            self.tokens.open(&name, &page_token).map_err(|wrong| Violations::of("page_token", wrong))?;
        let rows = self.store.connection().await?.list(specialization, last, page_size + 1).await?;
        Ok(self.tokens.cut(&name, rows, page_size, place))
    }

    /// Those among `ids`, deleted ones too: visits of the past name them.
    pub async fn find_all(&self, ids: &[DoctorId]) -> Result<Vec<Doctor>, Error> {
        Ok(self.store.connection().await?.find_all(ids).await?)
    }

    pub async fn edit(&self, edit: EditDoctor, now: Timestamp) -> Result<Practice, Error> {
        let EditDoctor { id, edits, expected_version } = edit;
        let decide =
            |practice: Practice| Ok(practice.expect_version(expected_version)?.edit(edits.clone(), now));
        Ok(self.changes.change(id, decide).await?.after)
    }

    /// Deletes the doctor, unless visits are ahead. A second time answers the same again.
    pub async fn dismiss(
        &self,
        id: DoctorId,
        expected_version: i64,
        now: Timestamp,
    ) -> Result<Practice, Error> {
        let practice = self.find_ever(id).await?;
        if !practice.doctor.is_live() {
            return Ok(practice);
        }
        let decide = |practice: Practice| Ok(practice.expect_version(expected_version)?.close(now));
        Ok(self.changes.change(id, decide).await?.after)
    }
}

fn place(doctor: &Doctor) -> Place {
    let Profile { first_name, last_name, .. } = &doctor.profile;
    (last_name.as_str().to_owned(), first_name.as_str().to_owned(), doctor.id)
}
