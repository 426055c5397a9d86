//! What is known of a patient, in the words of FHIR R4.
use crate::times::{Garbled, Instant, zone};
use proto::appointment::{Appointment, AppointmentStatus};
use proto::patient as pb;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A FHIR R4 Bundle.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientExport {
    #[schema(example = "Bundle")]
    pub resource_type: &'static str,
    #[schema(example = "collection")]
    pub r#type: &'static str,
    pub entry: Vec<ExportEntry>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportEntry {
    #[schema(example = "urn:uuid:0198c7e2-6b1f-7c4e-9a43-0f4b8a6f2d11")]
    pub full_url: String,
    /// A `Patient`, `Appointment` or `Composition`.
    #[schema(value_type = Object)]
    pub resource: Value,
}

pub fn bundle(
    patient: &pb::Patient,
    visits: &[Appointment],
    records: &[pb::MedicalRecord],
) -> Result<PatientExport, Garbled> {
    let visits: Vec<Value> = visits.iter().map(visit).collect::<Result<_, _>>()?;
    let records: Vec<Value> = records.iter().map(record).collect::<Result<_, _>>()?;
    let resources = [person(patient)?].into_iter().chain(visits).chain(records);
    let entry = resources
        .map(|mut resource| {
            prune(&mut resource);
            let id = resource["id"].as_str().unwrap_or_default();
            ExportEntry { full_url: format!("urn:uuid:{id}"), resource }
        })
        .collect();
    Ok(PatientExport { resource_type: "Bundle", r#type: "collection", entry })
}

fn person(patient: &pb::Patient) -> Result<Value, Garbled> {
    let gender = match patient.gender() {
        pb::Gender::Unspecified => None,
        pb::Gender::Female => Some("female"),
        pb::Gender::Male => Some("male"),
        pb::Gender::Other => Some("other"),
        pb::Gender::Unknown => Some("unknown"),
    };
    let identifiers: Vec<Value> = patient
        .identifiers
        .iter()
        .map(|identifier| json!({ "system": identifier.system, "value": identifier.value }))
        .collect();
    let telecom: Vec<Value> = [("email", &patient.email), ("phone", &patient.phone)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(system, value)| json!({ "system": system, "value": value }))
        .collect();
    Ok(json!({
        "resourceType": "Patient",
        "id": patient.id,
        "contained": coverage(patient).map(|coverage| vec![coverage]),
        "meta": {
            "versionId": patient.version.to_string(),
            "lastUpdated": Instant::utc("update_time", patient.update_time)?,
        },
        "identifier": identifiers,
        "name": [{ "family": patient.last_name, "given": [patient.first_name] }],
        "birthDate": patient.date_of_birth,
        "gender": gender,
        "telecom": telecom,
        "address": [{ "text": patient.address }],
        "communication": [{ "language": { "text": patient.language } }],
    }))
}

fn coverage(patient: &pb::Patient) -> Option<Value> {
    let is_known = !(patient.insurance_provider.is_empty() && patient.insurance_id.is_empty());
    is_known.then(|| {
        json!({
            "resourceType": "Coverage",
            "id": "coverage",
            "status": "active",
            "beneficiary": { "reference": "#" },
            "subscriberId": patient.insurance_id,
            "payor": [{ "display": patient.insurance_provider }],
        })
    })
}

fn visit(visit: &Appointment) -> Result<Value, Garbled> {
    let status = match visit.status() {
        AppointmentStatus::Unspecified => return Err(Garbled("status")),
        AppointmentStatus::Held | AppointmentStatus::Requested => "proposed",
        AppointmentStatus::Scheduled | AppointmentStatus::Confirmed => "booked",
        AppointmentStatus::Arrived => "arrived",
        AppointmentStatus::CheckedIn | AppointmentStatus::InProgress => "checked-in",
        AppointmentStatus::Completed => "fulfilled",
        AppointmentStatus::Cancelled | AppointmentStatus::Expired => "cancelled",
        AppointmentStatus::NoShow => "noshow",
        AppointmentStatus::EnteredInError => "entered-in-error",
    };
    let zone = zone(&visit.time_zone)?;
    Ok(json!({
        "resourceType": "Appointment",
        "id": visit.id,
        "meta": { "versionId": visit.version.to_string() },
        "status": status,
        "created": Instant::utc("create_time", visit.create_time)?,
        "start": Instant::in_zone("start_time", visit.start_time, &zone)?,
        "end": Instant::in_zone("end_time", visit.end_time, &zone)?,
        "comment": visit.notes,
        "cancelationReason": { "text": visit.cancellation_reason },
        "participant": [
            { "actor": { "reference": format!("Patient/{}", visit.patient_id) }, "status": "accepted" },
            {
                "actor": {
                    "reference": format!("Practitioner/{}", visit.doctor_id),
                    "display": visit.doctor_name,
                },
                "status": "accepted",
            },
        ],
    }))
}

fn record(record: &pb::MedicalRecord) -> Result<Value, Garbled> {
    let status = match record.state() {
        pb::MedicalRecordState::Unspecified => return Err(Garbled("state")),
        pb::MedicalRecordState::Draft => "preliminary",
        pb::MedicalRecordState::Signed => "final",
        pb::MedicalRecordState::Amended => "amended",
        pb::MedicalRecordState::EnteredInError => "entered-in-error",
    };
    let confidentiality = match record.confidentiality() {
        pb::Confidentiality::Unspecified => return Err(Garbled("confidentiality")),
        pb::Confidentiality::Normal => "N",
        pb::Confidentiality::Restricted => "R",
        pb::Confidentiality::VeryRestricted => "V",
    };
    let doctor = |id: &str| json!({ "reference": format!("Practitioner/{id}") });
    let cosigned = record.cosign_time.map(|at| Instant::utc("cosign_time", Some(at))).transpose()?;
    let attester = cosigned.map(
        |at| json!([{ "mode": "professional", "time": at, "party": doctor(&record.cosigner_doctor_id) }]),
    );
    let event = (!record.appointment_id.is_empty())
        .then(|| json!([{ "detail": [{ "reference": format!("Appointment/{}", record.appointment_id) }] }]));
    let sections: Vec<Value> = [
        ("Diagnosis", &record.diagnosis),
        ("Treatment", &record.treatment),
        ("Prescription", &record.prescription),
        ("Notes", &record.notes),
        ("Reason of this revision", &record.amendment_reason),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .map(|(title, text)| json!({ "title": title, "text": { "status": "additional", "div": div(text) } }))
    .collect();
    Ok(json!({
        "resourceType": "Composition",
        "id": record.id,
        "meta": { "versionId": record.revision.to_string() },
        "status": status,
        "type": { "text": "Medical record" },
        "title": "Medical record",
        "confidentiality": confidentiality,
        "subject": { "reference": format!("Patient/{}", record.patient_id) },
        "date": Instant::utc("update_time", record.update_time)?,
        "author": [doctor(&record.author_doctor_id)],
        "attester": attester,
        "event": event,
        "section": sections,
    }))
}

/// Text as the XHTML that FHIR wants it to be.
fn div(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br/>");
    format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{escaped}</div>")
}

/// FHIR knows neither null nor what is empty.
fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(prune);
            members.retain(|_, member| !is_empty(member));
        }
        Value::Array(items) => {
            items.iter_mut().for_each(prune);
            items.retain(|item| !is_empty(item));
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out() {
        let at = Some(prost_types::Timestamp::default());
        let patient = pb::Patient {
            id: "0198c7e2-6b1f-7c4e-9a43-0f4b8a6f2d11".to_owned(),
            last_name: "Lovelace".to_owned(),
            update_time: at,
            ..pb::Patient::default()
        };
        let bundle = serde_json::to_value(bundle(&patient, &[], &[]).unwrap()).unwrap();
        assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("collection")));
        let patient = &bundle["entry"][0]["resource"];
        assert_eq!(patient["name"], json!([{ "family": "Lovelace" }]));
        assert!(
            ["gender", "telecom", "address", "communication"].iter().all(|member| patient[member].is_null())
        );
        assert!(patient["contained"].is_null(), "no insurance is known");
    }

    #[test]
    fn words_are_no_markup() {
        assert!(div("<b>a & b</b>\nc").contains(">&lt;b&gt;a &amp; b&lt;/b&gt;<br/>c</div>"));
    }
}
