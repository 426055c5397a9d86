//! What front ends send about kinds of visits.
use super::{LateCancel, Modality};
use crate::patch::{Clearable, Edit, Mask};
use crate::query::Within;
use proto::doctor as pb;
use proto::ids::{DoctorId, VisitTypeId};
use proto::scalars::{Currency, Description, Label};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Up to a year.
type Minutes = Within<0, 525_600>;
/// Up to 30 days.
type Offset = Within<15, 43_200>;

/// A visit type to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVisitType {
    pub name: Label,
    pub description: Option<Description>,
    #[schema(value_type = i32, minimum = 5, maximum = 480, multiple_of = 5, example = 30)]
    pub duration_minutes: Within<5, 480>,
    /// Kept free before each visit. Times between two visits add up.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 240, multiple_of = 5, example = 0)]
    pub buffer_before_minutes: Option<Within<0, 240>>,
    /// Kept free after each visit.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 240, multiple_of = 5, example = 10)]
    pub buffer_after_minutes: Option<Within<0, 240>>,
    /// Between the starts that are offered; the duration when 0 or absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 480, multiple_of = 5, example = 0)]
    pub interval_minutes: Option<Within<0, 480>>,
    /// Patients book at least this long ahead.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 525_600, example = 60)]
    pub min_notice_minutes: Option<Minutes>,
    /// The last date that can be booked is this many days from today; 730 when 0 or absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 730, example = 90)]
    pub horizon_days: Option<Within<0, 730>>,
    /// In the smallest unit of `currency`; none when 0 or absent.
    #[schema(minimum = 0, maximum = 1_000_000_000_000i64, example = 4500)]
    pub price_minor: Option<i64>,
    /// Where there is a price, and only there.
    pub currency: Option<Currency>,
    /// `in_person` when absent.
    pub modality: Option<Modality>,
    /// How many patients come at once; 1 when 0 or absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 50, example = 1)]
    pub capacity: Option<Within<0, 50>>,
    /// Whether it takes a room of its location.
    #[serde(default)]
    pub needs_room: bool,
    /// Whether starts are also offered right after other visits, off the grid of the opening.
    #[serde(default)]
    pub pack: bool,
    /// Whether a patient's booking waits for the practice to accept it.
    #[serde(default)]
    pub needs_approval: bool,
    /// How many visits may be booked over each other deliberately.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 5, example = 0)]
    pub max_overbook: Option<Within<0, 5>>,
    /// The usual one when absent.
    pub policy: Option<NewBookingPolicy>,
    /// Who offers it; every doctor when empty.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 500)]
    pub doctor_ids: Vec<DoctorId>,
    /// True when absent.
    pub is_active: Option<bool>,
    /// How long before a visit the patient is reminded of it; never when empty, as the clinic usually does when absent.
    #[schema(value_type = Option<Vec<i32>>, max_items = 5, example = json!([1440, 120]))]
    pub reminder_offsets_minutes: Option<Vec<Offset>>,
}

/// What a patient may still do with a booked visit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBookingPolicy {
    /// 1440 when absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 525_600, example = 1440)]
    pub cancel_notice_minutes: Option<Minutes>,
    /// 1440 when absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 525_600, example = 1440)]
    pub reschedule_notice_minutes: Option<Minutes>,
    /// 3 when absent, without limit when null.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 100, example = 3)]
    pub max_reschedules: Clearable<Within<0, 100>>,
    /// `allow_flag` when absent.
    pub late_cancel: Option<LateCancel>,
    /// 15 when absent.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 525_600, example = 15)]
    pub no_show_grace_minutes: Option<Minutes>,
}

impl From<NewBookingPolicy> for pb::BookingPolicy {
    fn from(policy: NewBookingPolicy) -> Self {
        let NewBookingPolicy {
            cancel_notice_minutes,
            reschedule_notice_minutes,
            max_reschedules,
            late_cancel,
            no_show_grace_minutes,
        } = policy;
        let or = |minutes: Option<Minutes>, usual| minutes.map_or(usual, Within::get);
        Self {
            cancel_notice_minutes: or(cancel_notice_minutes, 1440),
            reschedule_notice_minutes: or(reschedule_notice_minutes, 1440),
            max_reschedules: match max_reschedules {
                Clearable::Unchanged => Some(3),
                Clearable::Cleared => None,
                Clearable::Set(most) => Some(most.get()),
            },
            late_cancel: pb::LateCancel::from(late_cancel.unwrap_or(LateCancel::AllowFlag)).into(),
            no_show_grace_minutes: or(no_show_grace_minutes, 15),
        }
    }
}

impl From<CreateVisitType> for pb::CreateVisitTypeRequest {
    fn from(body: CreateVisitType) -> Self {
        let CreateVisitType {
            name,
            description,
            duration_minutes,
            buffer_before_minutes,
            buffer_after_minutes,
            interval_minutes,
            min_notice_minutes,
            horizon_days,
            price_minor,
            currency,
            modality,
            capacity,
            needs_room,
            pack,
            needs_approval,
            max_overbook,
            policy,
            doctor_ids,
            is_active,
            reminder_offsets_minutes,
        } = body;
        let visit_type = pb::VisitType {
            name: name.into(),
            description: description.map(Into::into).unwrap_or_default(),
            duration_minutes: duration_minutes.get(),
            buffer_before_minutes: Within::or_zero(buffer_before_minutes),
            buffer_after_minutes: Within::or_zero(buffer_after_minutes),
            interval_minutes: Within::or_zero(interval_minutes),
            min_notice_minutes: Within::or_zero(min_notice_minutes),
            horizon_days: Within::or_zero(horizon_days),
            price_minor: price_minor.unwrap_or_default(),
            currency: currency.map(Into::into).unwrap_or_default(),
            modality: modality.map_or(pb::Modality::InPerson, Into::into).into(),
            capacity: Within::or_zero(capacity),
            needs_room,
            pack,
            needs_approval,
            max_overbook: Within::or_zero(max_overbook),
            policy: policy.map(Into::into),
            doctor_ids: doctor_ids.iter().map(ToString::to_string).collect(),
            is_active: is_active.unwrap_or(true),
            reminder_offsets_minutes: reminder_offsets_minutes.map(reminder_offsets),
            ..pb::VisitType::default()
        };
        Self { visit_type: Some(visit_type) }
    }
}

/// Changes to a visit type.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateVisitType {
    #[serde(default)]
    #[schema(value_type = Label)]
    pub name: Edit<Label>,
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Clearable<Description>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 5, maximum = 480, multiple_of = 5, example = 30)]
    pub duration_minutes: Edit<Within<5, 480>>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 240, multiple_of = 5, example = 0)]
    pub buffer_before_minutes: Edit<Within<0, 240>>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 240, multiple_of = 5, example = 10)]
    pub buffer_after_minutes: Edit<Within<0, 240>>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 480, multiple_of = 5, example = 0)]
    pub interval_minutes: Edit<Within<0, 480>>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 525_600, example = 60)]
    pub min_notice_minutes: Edit<Minutes>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 730, example = 90)]
    pub horizon_days: Edit<Within<0, 730>>,
    #[serde(default)]
    #[schema(value_type = i64, minimum = 0, maximum = 1_000_000_000_000i64, example = 4500)]
    pub price_minor: Edit<i64>,
    #[serde(default)]
    #[schema(value_type = Option<Currency>)]
    pub currency: Clearable<Currency>,
    #[serde(default)]
    #[schema(value_type = Modality)]
    pub modality: Edit<Modality>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 50, example = 1)]
    pub capacity: Edit<Within<0, 50>>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub needs_room: Edit<bool>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub pack: Edit<bool>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub needs_approval: Edit<bool>,
    #[serde(default)]
    #[schema(value_type = i32, minimum = 0, maximum = 5, example = 0)]
    pub max_overbook: Edit<Within<0, 5>>,
    /// The whole of it: what it does not say is as usual, and null is the usual one.
    #[serde(default)]
    #[schema(value_type = Option<NewBookingPolicy>)]
    pub policy: Clearable<NewBookingPolicy>,
    /// All of them: the list replaces the one before.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 500)]
    pub doctor_ids: Edit<Vec<DoctorId>>,
    #[serde(default)]
    #[schema(value_type = bool)]
    pub is_active: Edit<bool>,
    /// All of them: the list replaces the one before, and null is what the clinic usually does.
    #[serde(default)]
    #[schema(value_type = Option<Vec<i32>>, max_items = 5, example = json!([1440, 120]))]
    pub reminder_offsets_minutes: Clearable<Vec<Offset>>,
}

fn reminder_offsets(offsets: Vec<Offset>) -> pb::ReminderOffsets {
    pb::ReminderOffsets { minutes: offsets.into_iter().map(Within::get).collect() }
}

impl UpdateVisitType {
    pub fn of(self, id: VisitTypeId, expected_version: i64) -> pb::UpdateVisitTypeRequest {
        let Self {
            name,
            description,
            duration_minutes,
            buffer_before_minutes,
            buffer_after_minutes,
            interval_minutes,
            min_notice_minutes,
            horizon_days,
            price_minor,
            currency,
            modality,
            capacity,
            needs_room,
            pack,
            needs_approval,
            max_overbook,
            policy,
            doctor_ids,
            is_active,
            reminder_offsets_minutes,
        } = self;
        let mut mask = Mask::default();
        let modality: Option<Modality> = mask.value("modality", modality);
        let policy: Option<NewBookingPolicy> = mask.value("policy", policy);
        let doctor_ids: Option<Vec<DoctorId>> = mask.value("doctor_ids", doctor_ids);
        let visit_type = pb::VisitType {
            id: id.to_string(),
            name: mask.text("name", name),
            description: mask.text("description", description),
            duration_minutes: Within::or_zero(mask.value("duration_minutes", duration_minutes)),
            buffer_before_minutes: Within::or_zero(
                mask.value("buffer_before_minutes", buffer_before_minutes),
            ),
            buffer_after_minutes: Within::or_zero(mask.value("buffer_after_minutes", buffer_after_minutes)),
            interval_minutes: Within::or_zero(mask.value("interval_minutes", interval_minutes)),
            min_notice_minutes: Within::or_zero(mask.value("min_notice_minutes", min_notice_minutes)),
            horizon_days: Within::or_zero(mask.value("horizon_days", horizon_days)),
            price_minor: mask.value("price_minor", price_minor).unwrap_or_default(),
            currency: mask.text("currency", currency),
            modality: modality.map_or(pb::Modality::Unspecified, Into::into).into(),
            capacity: Within::or_zero(mask.value("capacity", capacity)),
            needs_room: mask.value("needs_room", needs_room).unwrap_or_default(),
            pack: mask.value("pack", pack).unwrap_or_default(),
            needs_approval: mask.value("needs_approval", needs_approval).unwrap_or_default(),
            max_overbook: Within::or_zero(mask.value("max_overbook", max_overbook)),
            policy: policy.map(Into::into),
            doctor_ids: doctor_ids.iter().flatten().map(ToString::to_string).collect(),
            is_active: mask.value("is_active", is_active).unwrap_or_default(),
            reminder_offsets_minutes: mask
                .value("reminder_offsets_minutes", reminder_offsets_minutes)
                .map(reminder_offsets),
            ..pb::VisitType::default()
        };
        pb::UpdateVisitTypeRequest {
            visit_type: Some(visit_type),
            update_mask: Some(mask.into()),
            expected_version,
        }
    }
}

/// Which visit types.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListVisitTypes {
    /// Only those that this doctor offers.
    #[param(value_type = Option<Uuid>)]
    pub doctor_id: Option<DoctorId>,
    /// Also those that are not on offer; for admins and staff.
    pub include_inactive: Option<bool>,
}

impl From<ListVisitTypes> for pb::ListVisitTypesRequest {
    fn from(ListVisitTypes { doctor_id, include_inactive }: ListVisitTypes) -> Self {
        Self {
            doctor_id: doctor_id.map(|id| id.to_string()).unwrap_or_default(),
            include_inactive: include_inactive.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn a_policy_is_as_usual_where_it_does_not_say() {
        let policy = |body| pb::BookingPolicy::from(from_value::<NewBookingPolicy>(body).unwrap());
        let usual = policy(json!({}));
        assert_eq!((usual.cancel_notice_minutes, usual.max_reschedules), (1440, Some(3)));
        assert_eq!((usual.late_cancel(), usual.no_show_grace_minutes), (pb::LateCancel::AllowFlag, 15));
        let own = policy(json!({ "max_reschedules": null, "late_cancel": "refuse" }));
        assert_eq!((own.max_reschedules, own.late_cancel()), (None, pb::LateCancel::Refuse));
    }

    #[test]
    fn what_is_absent_stays_and_null_clears() {
        let change: UpdateVisitType =
            from_value(json!({ "policy": null, "currency": null, "price_minor": 0 })).unwrap();
        let message = change.of(VisitTypeId::random(), 0);
        assert_eq!(message.update_mask.unwrap().paths, ["policy", "price_minor", "currency"]);
        assert!(message.visit_type.unwrap().policy.is_none());
        for wrong in [json!({ "name": null }), json!({ "capacity": 51 }), json!({ "currency": "eur" })] {
            assert!(from_value::<UpdateVisitType>(wrong).is_err());
        }
    }
}
