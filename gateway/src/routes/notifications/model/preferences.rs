//! What patients want to be told of, as the REST face shows it.
use crate::patch::{Clearable, Edit, Mask};
use crate::reply::Resource;
use crate::times::{Garbled, Instant, TimeOfDay};
use proto::ids::PatientId;
use proto::notification as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a patient wants to be told of, and when not.
#[derive(Serialize, ToSchema)]
pub struct MessagePreferences {
    #[schema(value_type = Uuid)]
    pub patient_id: String,
    /// That visits are booked, moved, confirmed and so on. That one will not take place is told by e-mail in any case, and by
    /// SMS when anything is.
    pub visit_changes: MessageChannels,
    pub reminders: MessageChannels,
    /// Free times that are offered to those who wait.
    pub offers: MessageChannels,
    /// When the patient is not reminded of anything; null for never.
    pub quiet_hours: Option<QuietHours>,
    /// Null before the first change.
    pub updated_at: Option<Instant>,
    /// Grows by one with each change; the ETag.
    #[schema(minimum = 1, example = 1)]
    pub version: i64,
}

/// By which ways messages of one kind are sent.
#[derive(Serialize, ToSchema)]
pub struct MessageChannels {
    pub email: bool,
    /// Where the clinic sends any, and to a `phone` that begins with `+` and the country.
    pub sms: bool,
}

/// Hours by the clock where the patient is.
#[derive(Serialize, ToSchema)]
pub struct QuietHours {
    #[schema(example = "21:00:00")]
    pub start_time: String,
    /// On the next day unless later than `start_time`.
    #[schema(example = "08:00:00")]
    pub end_time: String,
}

impl Resource for MessagePreferences {
    const VERSION: Option<fn(&Self) -> i64> = Some(|preferences| preferences.version);

    fn location(&self) -> String {
        format!("/api/patients/{}/message-preferences", self.patient_id)
    }
}

impl TryFrom<pb::Preferences> for MessagePreferences {
    type Error = Garbled;

    fn try_from(preferences: pb::Preferences) -> Result<Self, Garbled> {
        let pb::Preferences {
            patient_id,
            visit_changes,
            reminders,
            offers,
            quiet_hours,
            version,
            update_time,
        } = preferences;
        let channels = |choice: Option<pb::ChannelChoice>, field| {
            let pb::ChannelChoice { email, sms } = choice.ok_or(Garbled(field))?;
            Ok(MessageChannels { email, sms })
        };
        Ok(Self {
            patient_id,
            visit_changes: channels(visit_changes, "visit_changes")?,
            reminders: channels(reminders, "reminders")?,
            offers: channels(offers, "offers")?,
            quiet_hours: quiet_hours
                .map(|pb::QuietHours { start_time, end_time }| QuietHours { start_time, end_time }),
            updated_at: Instant::maybe_utc("update_time", update_time)?,
            version,
        })
    }
}

/// Changes to what a patient wants to be told of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMessagePreferences {
    #[serde(default)]
    #[schema(value_type = UpdateMessageChannels)]
    pub visit_changes: Edit<UpdateMessageChannels>,
    #[serde(default)]
    #[schema(value_type = UpdateMessageChannels)]
    pub reminders: Edit<UpdateMessageChannels>,
    #[serde(default)]
    #[schema(value_type = UpdateMessageChannels)]
    pub offers: Edit<UpdateMessageChannels>,
    /// Null for none.
    #[serde(default)]
    #[schema(value_type = Option<NewQuietHours>)]
    pub quiet_hours: Clearable<NewQuietHours>,
}

/// By which ways messages of one kind shall be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMessageChannels {
    #[serde(default)]
    #[schema(value_type = bool)]
    pub email: Edit<bool>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub sms: Edit<bool>,
}

/// Hours by the clock where the patient is, 16 at most.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuietHours {
    pub start_time: TimeOfDay,
    /// On the next day unless later than `start_time`.
    pub end_time: TimeOfDay,
}

impl UpdateMessagePreferences {
    pub fn of(self, id: PatientId, expected_version: i64) -> pb::UpdatePreferencesRequest {
        let Self { visit_changes, reminders, offers, quiet_hours } = self;
        let mut mask = Mask::default();
        let mut channels = |name: &str, edit: Edit<UpdateMessageChannels>| {
            let UpdateMessageChannels { email, sms } = Option::from(edit)?;
            let mut value =
                |channel, edit| mask.value(&format!("{name}.{channel}"), edit).unwrap_or_default();
            Some(pb::ChannelChoice { email: value("email", email), sms: value("sms", sms) })
        };
        let visit_changes = channels("visit_changes", visit_changes);
        let reminders = channels("reminders", reminders);
        let offers = channels("offers", offers);
        let quiet_hours: Option<NewQuietHours> = mask.value("quiet_hours", quiet_hours);
        let preferences = pb::Preferences {
            patient_id: id.to_string(),
            visit_changes,
            reminders,
            offers,
            quiet_hours: quiet_hours.map(|NewQuietHours { start_time, end_time }| pb::QuietHours {
                start_time: start_time.into(),
                end_time: end_time.into(),
            }),
            ..pb::Preferences::default()
        };
        pb::UpdatePreferencesRequest {
            preferences: Some(preferences),
            update_mask: Some(mask.into()),
            expected_version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn paths(body: Value) -> Vec<String> {
        let change: UpdateMessagePreferences = from_value(body).unwrap();
        change.of(PatientId::random(), 0).update_mask.unwrap().paths
    }

    #[test]
    fn what_is_absent_stays() {
        assert_eq!(paths(json!({})), [""; 0]);
        assert_eq!(paths(json!({ "reminders": {} })), [""; 0]);
        assert_eq!(paths(json!({ "reminders": { "email": false } })), ["reminders.email"]);
        assert_eq!(paths(json!({ "offers": { "sms": true } })), ["offers.sms"]);
        assert_eq!(
            paths(json!({ "offers": { "email": true }, "quiet_hours": null })),
            ["offers.email", "quiet_hours"]
        );
    }

    #[test]
    fn quiet_hours_are_two_times_of_day() {
        for wrong in [json!({ "start_time": "21:00" }), json!({ "start_time": "21", "end_time": "08:00" })] {
            assert!(from_value::<UpdateMessagePreferences>(json!({ "quiet_hours": wrong })).is_err());
        }
        assert!(from_value::<UpdateMessagePreferences>(json!({ "reminders": null })).is_err());
    }
}
