//! Patients, changes to them, and queries.
use super::paths;
use crate::domain::patient::{
    BirthDate, Change, ContactPreference, Gender, Identifier, Party, Patient, Profile,
};
use crate::domain::search::Query;
use jiff::Timestamp;
use platform::page;
use platform::violations::Violations;
use prost_types::FieldMask;
use proto::ids::PatientId;
use proto::patient as pb;
use proto::scalars::Label;
use proto::time::{self, to_wire};

/// Most ids of one batch.
const BATCH: usize = 200;
/// Matches of one search when the caller does not say, and at most.
const MATCHES: i32 = 20;
const MOST_MATCHES: i32 = 50;

pub fn patient_id(field: &str, id: &str) -> Result<PatientId, Violations> {
    id.parse().map_err(|problem| Violations::of(field, problem))
}

pub fn patient_ids(ids: &[String]) -> Result<Vec<PatientId>, Violations> {
    if ids.len() > BATCH {
        return Err(Violations::of("ids", format!("must be at most {BATCH}")));
    }
    let mut wrong = Violations::default();
    let parsed = ids.iter().enumerate();
    let parsed = parsed.filter_map(|(index, id)| wrong.field(&format!("ids[{index}]"), id.parse())).collect();
    wrong.into_result(parsed)
}

/// The id that a new patient is asked to have.
pub fn asked_id(patient: &pb::Patient) -> Result<Option<PatientId>, Violations> {
    if patient.id.is_empty() { Ok(None) } else { patient_id("patient.id", &patient.id).map(Some) }
}

pub fn profile(patient: pb::Patient, now: Timestamp) -> Result<Profile, Violations> {
    let mut wrong = Violations::default();
    let gender = gender(patient.gender());
    let contact_preference = patient.contact_preference();
    let first_name = wrong.field("patient.first_name", patient.first_name.try_into());
    let last_name = wrong.field("patient.last_name", patient.last_name.try_into());
    let date_of_birth = birth_date(&mut wrong, &patient.date_of_birth, now);
    let email = wrong.optional("patient.email", patient.email);
    let phone = wrong.optional("patient.phone", patient.phone);
    let address = wrong.optional("patient.address", patient.address);
    let insurance_provider = wrong.optional("patient.insurance_provider", patient.insurance_provider);
    let insurance_id = wrong.optional("patient.insurance_id", patient.insurance_id);
    let identifiers = identifiers(&mut wrong, patient.identifiers);
    let language = wrong.optional("patient.language", patient.language);
    let time_zone = wrong.optional("patient.time_zone", patient.time_zone);
    let (Some(first_name), Some(last_name), Some(date_of_birth)) = (first_name, last_name, date_of_birth)
    else {
        return Err(wrong);
    };
    wrong.into_result(Profile {
        first_name,
        last_name,
        date_of_birth,
        email,
        phone,
        address,
        insurance_provider,
        insurance_id,
        identifiers,
        gender,
        language,
        time_zone,
        contact_preference: contact_preference.into(),
    })
}

/// The fields of `patient` that `mask` names.
pub fn changes(
    patient: &pb::Patient,
    mask: Option<FieldMask>,
    now: Timestamp,
) -> Result<Vec<Change>, Violations> {
    let mut wrong = Violations::default();
    let changes = paths(mask).iter().filter_map(|path| change(&mut wrong, path, patient, now)).collect();
    wrong.into_result(changes)
}

fn change(wrong: &mut Violations, path: &str, patient: &pb::Patient, now: Timestamp) -> Option<Change> {
    let field = format!("patient.{path}");
    let text = |text: &str| text.to_owned();
    Some(match path {
        "first_name" => Change::FirstName(wrong.field(&field, text(&patient.first_name).try_into())?),
        "last_name" => Change::LastName(wrong.field(&field, text(&patient.last_name).try_into())?),
        "date_of_birth" => Change::DateOfBirth(birth_date(wrong, &patient.date_of_birth, now)?),
        "email" => Change::Email(wrong.optional(&field, text(&patient.email))),
        "phone" => Change::Phone(wrong.optional(&field, text(&patient.phone))),
        "address" => Change::Address(wrong.optional(&field, text(&patient.address))),
        "insurance_provider" => {
            Change::InsuranceProvider(wrong.optional(&field, text(&patient.insurance_provider)))
        }
        "insurance_id" => Change::InsuranceId(wrong.optional(&field, text(&patient.insurance_id))),
        "identifiers" => Change::Identifiers(identifiers(wrong, patient.identifiers.clone())),
        "gender" => Change::Gender(gender(patient.gender())),
        "language" => Change::Language(wrong.optional(&field, text(&patient.language))),
        "time_zone" => Change::TimeZone(wrong.optional(&field, text(&patient.time_zone))),
        "contact_preference" => Change::ContactPreference(patient.contact_preference().into()),
        _ => {
            wrong.add("update_mask", "names a field that is unknown or cannot be changed");
            return None;
        }
    })
}

fn birth_date(wrong: &mut Violations, text: &str, now: Timestamp) -> Option<BirthDate> {
    const FIELD: &str = "patient.date_of_birth";
    let date = wrong.field(FIELD, time::date(text))?;
    wrong.field(FIELD, BirthDate::new(date, now))
}

fn identifiers(wrong: &mut Violations, sent: Vec<pb::Identifier>) -> Vec<Identifier> {
    const FIELD: &str = "patient.identifiers";
    if sent.len() > Identifier::MOST {
        wrong.add(FIELD, format!("must be at most {}", Identifier::MOST));
        return Vec::new();
    }
    let mut identifiers: Vec<Identifier> = Vec::with_capacity(sent.len());
    for (index, pb::Identifier { system, value }) in sent.into_iter().enumerate() {
        let system = wrong.field(&format!("{FIELD}[{index}].system"), Label::try_from(system));
        let value = wrong.field(&format!("{FIELD}[{index}].value"), Label::try_from(value));
        let (Some(system), Some(value)) = (system, value) else { continue };
        let identifier = Identifier { system, value };
        if identifiers.iter().any(|other| other.is_same(&identifier)) {
            wrong.add(&format!("{FIELD}[{index}]"), "is there twice");
        }
        identifiers.push(identifier);
    }
    identifiers
}

/// A query and how many matches are wanted.
pub fn query(request: &pb::SearchPatientsRequest) -> Result<(Query, i64), Violations> {
    let mut wrong = Violations::default();
    let query = wrong.field("query", Query::new(&request.query));
    let asked = if request.page_size == 0 { MATCHES } else { request.page_size };
    let size = wrong.field("page_size", page::size(asked, MOST_MATCHES));
    let (Some(query), Some(size)) = (query, size) else { return Err(wrong) };
    Ok((query, size))
}

pub fn name(patient: Patient) -> pb::PatientName {
    let Profile { first_name, last_name, .. } = patient.profile;
    let display_name = format!("{} {}", first_name.as_str(), last_name.as_str());
    pb::PatientName { id: patient.id.to_string(), display_name }
}

pub fn contact(patient: Patient) -> pb::PatientContact {
    let profile = patient.profile;
    pb::PatientContact {
        id: patient.id.to_string(),
        first_name: profile.first_name.into(),
        last_name: profile.last_name.into(),
        email: optional(profile.email),
        phone: optional(profile.phone),
        language: optional(profile.language),
        time_zone: optional(profile.time_zone),
        contact_preference: pb::ContactPreference::from(profile.contact_preference).into(),
    }
}

pub fn party(party: Party) -> pb::PatientParty {
    let Party { patient_id, is_active, version } = party;
    pb::PatientParty { id: patient_id.to_string(), is_active, version }
}

impl From<Patient> for pb::Patient {
    fn from(patient: Patient) -> Self {
        let Patient {
            id,
            profile,
            version,
            party_version: _,
            created_at,
            updated_at,
            deleted_at,
            merged_into,
        } = patient;
        let Profile {
            first_name,
            last_name,
            date_of_birth,
            email,
            phone,
            address,
            insurance_provider,
            insurance_id,
            identifiers,
            gender,
            language,
            time_zone,
            contact_preference,
        } = profile;
        Self {
            id: id.to_string(),
            first_name: first_name.into(),
            last_name: last_name.into(),
            date_of_birth: date_of_birth.date().to_string(),
            email: optional(email),
            phone: optional(phone),
            address: optional(address),
            insurance_provider: optional(insurance_provider),
            insurance_id: optional(insurance_id),
            identifiers: identifiers.into_iter().map(pb::Identifier::from).collect(),
            gender: gender.map_or(pb::Gender::Unspecified, pb::Gender::from).into(),
            language: optional(language),
            time_zone: optional(time_zone),
            contact_preference: pb::ContactPreference::from(contact_preference).into(),
            create_time: Some(to_wire(created_at)),
            update_time: Some(to_wire(updated_at)),
            delete_time: deleted_at.map(to_wire),
            version,
            merged_into: merged_into.map(|id| id.to_string()).unwrap_or_default(),
        }
    }
}

/// Empty for none.
fn optional<T: Into<String>>(text: Option<T>) -> String {
    text.map(Into::into).unwrap_or_default()
}

impl From<Identifier> for pb::Identifier {
    fn from(identifier: Identifier) -> Self {
        let Identifier { system, value } = identifier;
        Self { system: system.into(), value: value.into() }
    }
}

fn gender(gender: pb::Gender) -> Option<Gender> {
    match gender {
        pb::Gender::Unspecified => None,
        pb::Gender::Female => Some(Gender::Female),
        pb::Gender::Male => Some(Gender::Male),
        pb::Gender::Other => Some(Gender::Other),
        pb::Gender::Unknown => Some(Gender::Unknown),
    }
}

impl From<Gender> for pb::Gender {
    fn from(gender: Gender) -> Self {
        match gender {
            Gender::Female => Self::Female,
            Gender::Male => Self::Male,
            Gender::Other => Self::Other,
            Gender::Unknown => Self::Unknown,
        }
    }
}

impl From<pb::ContactPreference> for ContactPreference {
    fn from(preference: pb::ContactPreference) -> Self {
        match preference {
            pb::ContactPreference::Unspecified | pb::ContactPreference::Email => Self::Email,
            pb::ContactPreference::Phone => Self::Phone,
            pb::ContactPreference::None => Self::None,
        }
    }
}

impl From<ContactPreference> for pb::ContactPreference {
    fn from(preference: ContactPreference) -> Self {
        match preference {
            ContactPreference::Email => Self::Email,
            ContactPreference::Phone => Self::Phone,
            ContactPreference::None => Self::None,
        }
    }
}
