//! The use cases on what patients want to be told of: look, change, and obey.
use crate::domain::{About, Category, Channel, Edit, Failure, Preferences, Quiet, QuietHours};
use crate::error::Error;
use crate::neighbours::Neighbours;
use crate::store::{Changed, Store};
use jiff::tz::TimeZone;
use platform::audit::Entry;
use platform::caller::{Role, User};
use platform::context::about;
use proto::ids::PatientId;

#[derive(Clone)]
pub struct Choosing {
    store: Store,
    neighbours: Neighbours,
    /// Of those who have not said when they want quiet.
    usual: Option<QuietHours>,
    /// Whether anything can be sent by SMS.
    is_texting: bool,
}

impl Choosing {
    pub fn new(store: Store, neighbours: Neighbours, usual: Option<QuietHours>, is_texting: bool) -> Self {
        Self { store, neighbours, usual, is_texting }
    }

    /// What `patient` wants, for whoever may see it.
    pub async fn find(&self, user: User, patient: PatientId) -> Result<Preferences, Error> {
        self.admit(user, patient).await?;
        let preferences = self.store.preferences(patient).await?;
        self.store.note(entry("read", patient)).await?;
        Ok(preferences)
    }

    /// Changes the fields of `edits`, whose names are `fields`.
    pub async fn change(
        &self,
        user: User,
        patient: PatientId,
        edits: &[Edit],
        fields: Vec<String>,
        expected_version: Option<i64>,
    ) -> Result<Preferences, Error> {
        self.admit(user, patient).await?;
        let noted = |is_changed| {
            if is_changed { entry("update", patient).fields(fields) } else { entry("read", patient) }
        };
        let changed =
            self.store.change_preferences(patient, edits, expected_version, self.is_texting, noted).await?;
        match changed {
            Changed::To(preferences) => Ok(preferences),
            Changed::Stale(current) => Err(Error::VersionMismatch { current }),
        }
    }

    /// Has `patient` told of what is in `category` or not, as whoever has the link of such a message wants it.
    pub async fn subscribe(
        &self,
        patient: PatientId,
        category: Category,
        channel: Channel,
        wanted: bool,
    ) -> Result<(), Error> {
        about("message_preferences", patient.0, Some(patient.0));
        let edit = match channel {
            Channel::Email => Edit::Email(category, wanted),
            Channel::Sms => Edit::Sms(category, wanted),
        };
        let noted = |is_changed| {
            let entry = entry(if is_changed { "update" } else { "read" }, patient);
            entry.fields([category.name()]).because("link")
        };
        self.store.change_preferences(patient, &[edit], None, self.is_texting, noted).await?;
        Ok(())
    }

    /// When whoever has these preferences wants quiet.
    pub fn quiet_hours(&self, preferences: &Preferences) -> Option<QuietHours> {
        preferences.quiet_hours(self.usual)
    }

    /// When `patient` wants quiet, where they are.
    pub async fn quiet(&self, patient: PatientId, zone: TimeZone) -> Result<Quiet, Error> {
        let preferences = self.store.preferences(patient).await?;
        Ok(Quiet { hours: self.quiet_hours(&preferences), zone })
    }

    /// Whether the recipient wants to be told by `channel`.
    pub async fn is_wanted(&self, message: &About, channel: Channel) -> Result<bool, Error> {
        let Some((patient, category)) = message.to_patient() else { return Ok(channel == Channel::Email) };
        Ok(self.store.preferences(patient).await?.want(category, channel))
    }

    /// Whether anything can be sent by SMS.
    pub fn is_texting(&self) -> bool {
        self.is_texting
    }

    /// By which channels a message goes, as far as is known now: whether it is wanted by e-mail is asked when it is sent.
    pub async fn channels(&self, message: &About) -> Result<&'static [Channel], Error> {
        let is_texted = self.is_texting && message.is_texted();
        if is_texted && self.is_wanted(message, Channel::Sms).await? {
            return Ok(&[Channel::Email, Channel::Sms]);
        }
        Ok(&[Channel::Email])
    }

    /// Lets patients, and those who act for them, see to their own, and the reception to everybody's.
    async fn admit(&self, user: User, patient: PatientId) -> Result<(), Error> {
        about("message_preferences", patient.0, Some(patient.0));
        match user.role {
            Role::Patient(own) if own != patient => return Err(Error::PatientNotFound),
            Role::Doctor(_) | Role::Auditor => return Err(Error::Forbidden),
            Role::Patient(_) | Role::Staff | Role::Admin => {}
        }
        match self.neighbours.patient(patient).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::PatientNotFound),
            Err(failure) => Err(Error::Neighbour(failure)),
        }
    }
}

fn entry(action: &'static str, patient: PatientId) -> Entry {
    Entry::new(action, "message_preferences").ids([patient.0]).of([patient.0])
}

impl From<Error> for Failure {
    /// What fails while a message is prepared is tried again with it.
    fn from(error: Error) -> Self {
        match error {
            Error::Neighbour(failure) => failure,
            _ => Self::Interrupted,
        }
    }
}
