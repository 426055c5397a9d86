//! What patients want to be told of, and when not.
use super::channel::Channel;
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

/// What one patient wants; everything by e-mail, nothing by SMS, and the usual quiet hours, unless they said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    pub patient_id: PatientId,
    /// What is not sent by e-mail.
    pub email_off: Vec<Category>,
    /// What is sent by SMS.
    pub sms_on: Vec<Category>,
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
    Sms(Category, bool),
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

impl Preferences {
    /// Of somebody who has said nothing yet.
    pub fn usual(patient_id: PatientId) -> Self {
        Self {
            patient_id,
            email_off: Vec::new(),
            sms_on: Vec::new(),
            quiet: QuietChoice::Usual,
            version: 1,
            updated_at: None,
        }
    }

    /// Whether what is of `category` shall go by `channel`. What cannot be silenced has none, and goes by e-mail to
    /// everybody, and by SMS to whoever wants anything so.
    pub fn want(&self, category: impl Into<Option<Category>>, channel: Channel) -> bool {
        match (channel, category.into()) {
            (Channel::Email, None) => true,
            (Channel::Email, Some(category)) => !self.email_off.contains(&category),
            (Channel::Sms, None) => !self.sms_on.is_empty(),
            (Channel::Sms, Some(category)) => self.sms_on.contains(&category),
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
                Edit::Email(category, is_on) => set(&mut after.email_off, category, !is_on),
                Edit::Sms(category, is_on) => set(&mut after.sms_on, category, is_on),
                Edit::Quiet(hours) => after.quiet = hours.map_or(QuietChoice::Never, QuietChoice::Own),
            }
        }
        if after != *self {
            after.version += 1;
        }
        after
    }
}

/// Has `category` be among `categories`, or not.
fn set(categories: &mut Vec<Category>, category: Category, is_in: bool) {
    if !is_in {
        categories.retain(|other| *other != category);
    } else if !categories.contains(&category) {
        categories.push(category);
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
    fn whoever_wants_anything_by_sms_is_told_so_that_a_visit_will_not_take_place_too() {
        let usual = Preferences::usual(PatientId::random());
        let wants = |of: &Preferences| Category::ALL.map(|category| of.want(category, Channel::Sms));
        assert!(!wants(&usual).contains(&true) && !usual.want(None, Channel::Sms));
        assert!(usual.want(None, Channel::Email));

        let reminded = usual.edited(&[Edit::Sms(Category::Reminders, true)]);
        assert_eq!((wants(&reminded), reminded.version), ([false, true, false], 2));
        assert!(reminded.want(None, Channel::Sms) && reminded.want(Category::Reminders, Channel::Email));
        assert_eq!(reminded.edited(&[Edit::Sms(Category::Reminders, true)]), reminded);
        assert!(!reminded.edited(&[Edit::Sms(Category::Reminders, false)]).want(None, Channel::Sms));
    }

    #[test]
    fn every_name_leads_back() {
        assert!(Category::ALL.into_iter().all(|category| Category::named(category.name()) == Some(category)));
    }
}
