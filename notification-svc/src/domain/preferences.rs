//! What patients want to be told of, and when not.
use super::quiet::QuietHours;
use jiff::Timestamp;
use proto::ids::PatientId;

/// What a patient may silence. Cancellations and what concerns accounts are in none: everybody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// That visits are booked, moved, confirmed and so on.
    VisitChanges,
    Reminders,
    /// Free times that are offered to those who wait.
    Offers,
}

/// How a message reaches a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Email,
}

/// What one patient wants; everything, and the usual quiet hours, unless they said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub patient_id: PatientId,
    /// What is not sent by e-mail.
    pub email_off: Vec<Category>,
    pub quiet: QuietChoice,
    /// Grows by one with each change, from 1.
    pub version: i64,
    /// None before the first change.
    pub updated_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuietChoice {
    /// As the clinic has it.
    Usual,
    Never,
    Own(QuietHours),
}

/// One of the preferences, as it shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Email(Category, bool),
    /// None for never.
    Quiet(Option<QuietHours>),
}

impl Category {
    pub const ALL: [Self; 3] = [Self::VisitChanges, Self::Reminders, Self::Offers];

    pub fn name(self) -> &'static str {
        match self {
            Self::VisitChanges => "visit_changes",
            Self::Reminders => "reminders",
            Self::Offers => "offers",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

impl Channel {
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        (name == Self::Email.name()).then_some(Self::Email)
    }
}

impl Preferences {
    /// Of somebody who has said nothing yet.
    pub fn usual(patient_id: PatientId) -> Self {
        Self { patient_id, email_off: Vec::new(), quiet: QuietChoice::Usual, version: 1, updated_at: None }
    }

    pub fn want(&self, category: Category, channel: Channel) -> bool {
        match channel {
            Channel::Email => !self.email_off.contains(&category),
        }
    }

    /// When the patient wants quiet, where that is `usual` unless they say so.
    pub fn quiet_hours(&self, usual: Option<QuietHours>) -> Option<QuietHours> {
        match self.quiet {
            QuietChoice::Usual => usual,
            QuietChoice::Never => None,
            QuietChoice::Own(hours) => Some(hours),
        }
    }

    /// Changed, and the next version only if it is different.
    #[must_use]
    pub fn edited(&self, edits: &[Edit]) -> Self {
        let mut after = self.clone();
        for edit in edits {
            match *edit {
                Edit::Email(category, true) => after.email_off.retain(|off| *off != category),
                Edit::Email(category, false) if after.email_off.contains(&category) => {}
                Edit::Email(category, false) => after.email_off.push(category),
                Edit::Quiet(hours) => after.quiet = hours.map_or(QuietChoice::Never, QuietChoice::Own),
            }
        }
        if after != *self {
            after.version += 1;
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_told_everything_until_they_say_otherwise() {
        let usual = Preferences::usual(PatientId::random());
        let night: QuietHours = "21:00-08:00".parse().unwrap();
        assert!(Category::ALL.into_iter().all(|category| usual.want(category, Channel::Email)));
        assert_eq!((usual.quiet_hours(Some(night)), usual.quiet_hours(None)), (Some(night), None));

        let silent = usual.edited(&[Edit::Email(Category::Reminders, false), Edit::Quiet(None)]);
        assert!(!silent.want(Category::Reminders, Channel::Email));
        assert!(silent.want(Category::VisitChanges, Channel::Email));
        assert_eq!((silent.quiet_hours(Some(night)), silent.version), (None, 2));

        let same = silent.edited(&[Edit::Email(Category::Reminders, false), Edit::Quiet(None)]);
        assert_eq!(same, silent);
        let again = silent.edited(&[Edit::Email(Category::Reminders, true), Edit::Quiet(Some(night))]);
        assert!(again.want(Category::Reminders, Channel::Email));
        assert_eq!((again.quiet_hours(None), again.version), (Some(night), 3));
    }

    #[test]
    fn every_name_leads_back() {
        assert!(Category::ALL.into_iter().all(|category| Category::named(category.name()) == Some(category)));
    }
}
