//! Kinds of visits.
use super::paths;
use crate::domain::reminders::ReminderOffsets;
use crate::domain::visit_type::{Edit, LateCancel, Modality, Policy, Terms};
use crate::error::bad_price;
use crate::offers::EditVisitType;
use platform::violations::Violations;
use proto::doctor as pb;
use proto::ids::DoctorId;
use proto::scalars::{Currency, Description};

impl TryFrom<pb::CreateVisitTypeRequest> for Terms {
    type Error = Violations;

    fn try_from(request: pb::CreateVisitTypeRequest) -> Result<Self, Violations> {
        let Some(wish) = request.visit_type else { return Err(Violations::of("visit_type", "is required")) };
        let mut wrong = Violations::default();
        let terms = terms(&wish, &mut wrong);
        terms.filter(|_| wrong.is_empty()).ok_or(wrong)?.checked().map_err(bad_price)
    }
}

/// None when something that must be there is wrong.
fn terms(wish: &pb::VisitType, wrong: &mut Violations) -> Option<Terms> {
    let name = wrong.field("visit_type.name", wish.name.clone().try_into());
    let description = wrong.optional::<Description, _>("visit_type.description", wish.description.clone());
    let duration_minutes = wrong.field("visit_type.duration_minutes", wish.duration_minutes.try_into());
    let before = wrong.field("visit_type.buffer_before_minutes", wish.buffer_before_minutes.try_into());
    let after = wrong.field("visit_type.buffer_after_minutes", wish.buffer_after_minutes.try_into());
    let interval_minutes = wrong.field("visit_type.interval_minutes", wish.interval_minutes.try_into());
    let min_notice_minutes = wrong.field("visit_type.min_notice_minutes", wish.min_notice_minutes.try_into());
    let horizon_days = wrong.field("visit_type.horizon_days", wish.horizon_days.try_into());
    let currency = wrong.optional::<Currency, _>("visit_type.currency", wish.currency.clone());
    let modality = modality(wish.modality, wrong);
    let capacity = wrong.field("visit_type.capacity", wish.capacity.try_into());
    let max_overbook = wrong.field("visit_type.max_overbook", wish.max_overbook.try_into());
    let policy = policy(wish.policy.as_ref(), wrong);
    let doctor_ids = doctor_ids(&wish.doctor_ids, wrong);
    let reminders = reminders(wish.reminder_offsets_minutes.as_ref(), wrong);
    Some(Terms {
        name: name?,
        description,
        duration_minutes: duration_minutes?,
        buffer_before_minutes: before?,
        buffer_after_minutes: after?,
        interval_minutes: interval_minutes?,
        min_notice_minutes: min_notice_minutes?,
        horizon_days: horizon_days?,
        price_minor: wish.price_minor,
        currency,
        modality: modality?,
        capacity: capacity?,
        needs_room: wish.needs_room,
        pack: wish.pack,
        needs_approval: wish.needs_approval,
        max_overbook: max_overbook?,
        policy: policy?,
        doctor_ids,
        is_active: wish.is_active,
        reminder_offsets_minutes: reminders?,
    })
}

impl TryFrom<pb::UpdateVisitTypeRequest> for EditVisitType {
    type Error = Violations;

    fn try_from(request: pb::UpdateVisitTypeRequest) -> Result<Self, Violations> {
        let pb::UpdateVisitTypeRequest { visit_type, update_mask, expected_version } = request;
        let wish = visit_type.unwrap_or_default();
        let mut wrong = Violations::default();
        let id = wrong.field("visit_type.id", wish.id.parse());
        let edits = paths(update_mask.as_ref()).filter_map(|path| edit(path, &wish, &mut wrong)).collect();
        match id {
            Some(id) => wrong.into_result(Self { id, edits, expected_version }),
            None => Err(wrong),
        }
    }
}

/// What `path` of the mask asks for; none when that is wrong.
fn edit(path: &str, wish: &pb::VisitType, wrong: &mut Violations) -> Option<Edit> {
    let field = format!("visit_type.{path}");
    Some(match path {
        "name" => Edit::Name(wrong.field(&field, wish.name.clone().try_into())?),
        "description" => {
            Edit::Description(wrong.optional::<Description, _>(&field, wish.description.clone()))
        }
        "duration_minutes" => Edit::Duration(wrong.field(&field, wish.duration_minutes.try_into())?),
        "buffer_before_minutes" => {
            Edit::BufferBefore(wrong.field(&field, wish.buffer_before_minutes.try_into())?)
        }
        "buffer_after_minutes" => {
            Edit::BufferAfter(wrong.field(&field, wish.buffer_after_minutes.try_into())?)
        }
        "interval_minutes" => Edit::Interval(wrong.field(&field, wish.interval_minutes.try_into())?),
        "min_notice_minutes" => Edit::MinNotice(wrong.field(&field, wish.min_notice_minutes.try_into())?),
        "horizon_days" => Edit::Horizon(wrong.field(&field, wish.horizon_days.try_into())?),
        "price_minor" => Edit::Price(wish.price_minor),
        "currency" => Edit::Currency(wrong.optional::<Currency, _>(&field, wish.currency.clone())),
        "modality" => Edit::Modality(modality(wish.modality, wrong)?),
        "capacity" => Edit::Capacity(wrong.field(&field, wish.capacity.try_into())?),
        "needs_room" => Edit::NeedsRoom(wish.needs_room),
        "pack" => Edit::Pack(wish.pack),
        "needs_approval" => Edit::NeedsApproval(wish.needs_approval),
        "max_overbook" => Edit::MaxOverbook(wrong.field(&field, wish.max_overbook.try_into())?),
        "policy" => Edit::Policy(policy(wish.policy.as_ref(), wrong)?),
        "doctor_ids" => Edit::DoctorIds(doctor_ids(&wish.doctor_ids, wrong)),
        "is_active" => Edit::IsActive(wish.is_active),
        "reminder_offsets_minutes" => {
            Edit::ReminderOffsets(reminders(wish.reminder_offsets_minutes.as_ref(), wrong)?)
        }
        _ => {
            wrong.add("update_mask", "names a field that cannot be changed");
            return None;
        }
    })
}

/// In person when not said.
fn modality(number: i32, wrong: &mut Violations) -> Option<Modality> {
    match pb::Modality::try_from(number) {
        Ok(pb::Modality::Unspecified | pb::Modality::InPerson) => Some(Modality::InPerson),
        Ok(pb::Modality::Telehealth) => Some(Modality::Telehealth),
        Err(_) => wrong.field("visit_type.modality", Err("is not a modality")),
    }
}

/// The usual one when absent.
fn policy(wish: Option<&pb::BookingPolicy>, wrong: &mut Violations) -> Option<Policy> {
    let Some(wish) = wish else { return Some(Policy::default()) };
    let field = |name| format!("visit_type.policy.{name}");
    let cancel = wrong.field(&field("cancel_notice_minutes"), wish.cancel_notice_minutes.try_into());
    let reschedule =
        wrong.field(&field("reschedule_notice_minutes"), wish.reschedule_notice_minutes.try_into());
    let most = wish.max_reschedules.map(|most| wrong.field(&field("max_reschedules"), most.try_into()));
    let grace = wrong.field(&field("no_show_grace_minutes"), wish.no_show_grace_minutes.try_into());
    let late_cancel = match pb::LateCancel::try_from(wish.late_cancel) {
        Ok(pb::LateCancel::Unspecified | pb::LateCancel::AllowFlag) => Some(LateCancel::AllowFlag),
        Ok(pb::LateCancel::Refuse) => Some(LateCancel::Refuse),
        Ok(pb::LateCancel::AskStaff) => Some(LateCancel::AskStaff),
        Err(_) => wrong.field(&field("late_cancel"), Err("is not known")),
    };
    Some(Policy {
        cancel_notice_minutes: cancel?,
        reschedule_notice_minutes: reschedule?,
        max_reschedules: most.map_or(Some(None), |most| most.map(Some))?,
        late_cancel: late_cancel?,
        no_show_grace_minutes: grace?,
    })
}

/// As the clinic usually does when absent.
#[expect(clippy::option_option, reason = "none when they are wrong")]
fn reminders(wish: Option<&pb::ReminderOffsets>, wrong: &mut Violations) -> Option<Option<ReminderOffsets>> {
    let Some(wish) = wish else { return Some(None) };
    wrong.field("visit_type.reminder_offsets_minutes", wish.minutes.clone().try_into()).map(Some)
}

/// Each once.
fn doctor_ids(texts: &[String], wrong: &mut Violations) -> Vec<DoctorId> {
    if texts.len() > Terms::MAX_DOCTORS {
        wrong.add("visit_type.doctor_ids", format!("must be at most {}", Terms::MAX_DOCTORS));
        return Vec::new();
    }
    let mut ids: Vec<DoctorId> = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let field = format!("visit_type.doctor_ids[{index}]");
        match wrong.field(&field, text.parse()) {
            Some(id) if ids.contains(&id) => wrong.add(&field, "stands twice"),
            Some(id) => ids.push(id),
            None => {}
        }
    }
    ids
}
