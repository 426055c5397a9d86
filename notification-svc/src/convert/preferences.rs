//! What patients want to be told of.
use crate::domain::{Category, Channel, Edit, Preferences, QuietHours, time_of_day};
use jiff::civil::Time;
use platform::violations::Violations;
use proto::ids::PatientId;
use proto::notification as pb;
use proto::time::to_wire;

/// What of a patient's preferences shall be another.
pub struct Update {
    pub patient_id: PatientId,
    pub edits: Vec<Edit>,
    /// As the request names them.
    pub fields: Vec<String>,
    pub expected_version: Option<i64>,
}

impl TryFrom<pb::UpdatePreferencesRequest> for Update {
    type Error = Violations;

    fn try_from(request: pb::UpdatePreferencesRequest) -> Result<Self, Violations> {
        let pb::UpdatePreferencesRequest { preferences, update_mask, expected_version } = request;
        let wish = preferences.unwrap_or_default();
        let fields = update_mask.unwrap_or_default().paths;
        let mut wrong = Violations::default();
        let patient_id = wrong.field("preferences.patient_id", wish.patient_id.parse());
        let edits = fields.iter().filter_map(|path| edit(path, &wish, &mut wrong)).collect();
        if expected_version < 0 {
            wrong.add("expected_version", "must not be negative");
        }
        let expected_version = (expected_version != 0).then_some(expected_version);
        match patient_id {
            Some(patient_id) => wrong.into_result(Self { patient_id, edits, fields, expected_version }),
            None => Err(wrong),
        }
    }
}

/// What `path` of the mask asks for; none when that is wrong.
fn edit(path: &str, wish: &pb::Preferences, wrong: &mut Violations) -> Option<Edit> {
    if path == "quiet_hours" {
        return match &wish.quiet_hours {
            None => Some(Edit::Quiet(None)),
            Some(hours) => Some(Edit::Quiet(Some(quiet_hours(hours, wrong)?))),
        };
    }
    let choice = path.split_once('.').and_then(|(category, channel)| {
        let (category, channel) = (Category::named(category)?, Channel::named(channel)?);
        Some(match channel {
            Channel::Email => Edit::Email(category, chosen(wish, category).email),
            Channel::Sms => Edit::Sms(category, chosen(wish, category).sms),
        })
    });
    if choice.is_none() {
        wrong.add("update_mask", "names a field that cannot be changed");
    }
    choice
}

fn chosen(wish: &pb::Preferences, category: Category) -> pb::ChannelChoice {
    let choice = match category {
        Category::VisitChanges => wish.visit_changes,
        Category::Reminders => wish.reminders,
        Category::Offers => wish.offers,
    };
    choice.unwrap_or_default()
}

fn quiet_hours(hours: &pb::QuietHours, wrong: &mut Violations) -> Option<QuietHours> {
    let start_time = wrong.field("preferences.quiet_hours.start_time", time(&hours.start_time));
    let end_time = wrong.field("preferences.quiet_hours.end_time", time(&hours.end_time));
    wrong.field("preferences.quiet_hours.end_time", QuietHours::new(start_time?, end_time?))
}

fn time(text: &str) -> Result<Time, &'static str> {
    time_of_day(text).map_err(|_| "must be a time of day, HH:MM or HH:MM:SS")
}

pub fn patient_id(text: &str) -> Result<PatientId, Violations> {
    text.parse().map_err(|error| Violations::of("patient_id", error))
}

/// With the quiet hours that hold by now.
pub fn preferences(preferences: &Preferences, quiet: Option<QuietHours>) -> pb::Preferences {
    let choice = |category: Category| {
        Some(pb::ChannelChoice {
            email: preferences.want(category, Channel::Email),
            sms: preferences.want(category, Channel::Sms),
        })
    };
    pb::Preferences {
        patient_id: preferences.patient_id.to_string(),
        visit_changes: choice(Category::VisitChanges),
        reminders: choice(Category::Reminders),
        offers: choice(Category::Offers),
        quiet_hours: quiet.map(|hours| pb::QuietHours {
            start_time: hours.from().strftime("%H:%M:%S").to_string(),
            end_time: hours.until().strftime("%H:%M:%S").to_string(),
        }),
        version: preferences.version,
        update_time: preferences.updated_at.map(to_wire),
    }
}
