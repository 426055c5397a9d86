//! Whose is whose: every method that is told of a patient, of a doctor or of something of theirs, called on its service
//! by everyone, without a gateway that could have refused it.
use super::serving;
use crate::authorization::world::{World, of_nobody};
use local::service::Service;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use std::collections::{BTreeMap, BTreeSet};
use tests::grpc::{by, call};
use tests::mesh::Mesh;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// A method, what it answers whom, what it is asked, and what of the answer only some see. `$` names what it is asked
/// about (`named.rs`), the first being what somebody may not know of.
///
/// Patients: the patient, a guardian and a proxy who act for them (the proxy may not read records), another patient,
/// who is the guardian and does not act. Doctors: the patient's, another who treats them as well, one who treated them
/// once. The practice: staff, admin, auditor.
///
/// `o` what was asked for, `p` the same without what only some see, `a` let in, but something else is in the way, `n`
/// as much as about an id that nobody has, `h` NOT_FOUND in the words of an id that nobody has, `x` PERMISSION_DENIED.
const MATRIX: &str = r#"
    auth.v1.AuthService/RevokeSession                        oxxh hhh hhh {"id":"$session"}
    auth.v1.ProxyService/ListProxies                         oxxh xxx oox {"patient_id":"$patient"}
    auth.v1.ProxyService/RevokeProxy                         oxxh xxx oox {"patient_id":"$patient","id":"$proxy"}
    auth.v1.ProxyService/ActFor                              oxxh hhh hhh {"patient_id":"$child"}

    patient.v1.PatientService/CreatePatient                  aaax xxx xax {"patient":{"id":"$patient","first_name":"New","last_name":"Comer","date_of_birth":"1990-01-01"},"confirm_new":true}
    patient.v1.PatientService/GetPatient                     oooh ppx oox {"id":"$patient"} ~A123456789
    patient.v1.PatientService/BatchGetPatients               ooon ppn oox {"ids":["$patient"]} ~A123456789
    patient.v1.PatientService/UpdatePatient                  oooh xxx oox {"patient":{"id":"$patient","phone":"+49 30 1000"},"update_mask":"phone"}
    patient.v1.PatientService/UpdatePatient                  xxxh xxx oox {"patient":{"id":"$patient","first_name":"Paulina"},"update_mask":"firstName"}
    patient.v1.PatientService/DeletePatient                  xxxh xxx xax {"id":"$patient"}
    patient.v1.PatientService/MergePatient                   xxxh xxx aax {"id":"$patient","into_patient_id":"$patient","reason":"the same"}
    patient.v1.PatientService/UnmergePatient                 xxxh xxx aax {"id":"$patient"}
    patient.v1.PatientService/CreateClaimCode                xxxh xxx aax {"patient_id":"$patient"}
    patient.v1.PatientService/GetLegalHold                   xxxh xxx xox {"patient_id":"$patient"}
    patient.v1.PatientService/PlaceLegalHold                 xxxh xxx xax {"patient_id":"$patient"}
    patient.v1.PatientService/LiftLegalHold                  xxxh xxx xox {"patient_id":"$patient"}
    patient.v1.PatientService/ErasePatient                   xxxh xxx xax {"patient_id":"$patient"}
    patient.v1.AuditService/ListPatientAccesses              oxxh xxx xoo {"patient_id":"$patient"}
    patient.v1.BreakGlassService/BreakGlass                  xxxh aaa xxx {"patient_id":"$patient"}

    patient.v1.PatientService/CreateMedicalRecord            xxxh oox xxx {"medical_record":{"patient_id":"$patient","notes":"note"}}
    patient.v1.PatientService/GetMedicalRecord               ooxh oox xxx {"id":"$record"}
    patient.v1.PatientService/GetMedicalRecord               hhxh ohx xxx {"id":"$draft"}
    patient.v1.PatientService/GetMedicalRecord               hhxh oox xxx {"id":"$withheld"}
    patient.v1.PatientService/GetMedicalRecord               ooxh oxx xxx {"id":"$restricted"}
    patient.v1.PatientService/ListMedicalRecords             ooxh oox xxx {"patient_id":"$patient"}
    patient.v1.PatientService/ListMedicalRecords             ooxh oox xxx {"appointment_id":"$visit"}
    patient.v1.PatientService/ListMedicalRecordRevisions     ooxh oox xxx {"id":"$record"}
    patient.v1.PatientService/ListMedicalRecordRevisions     hhxh ohx xxx {"id":"$draft"}
    patient.v1.PatientService/AmendMedicalRecord             xxxh oxx xxx {"medical_record":{"id":"$record","notes":"more"},"update_mask":"notes","reason":"more is known","expected_revision":"$revision"}
    patient.v1.PatientService/SignMedicalRecord              xxxh oxx xxx {"id":"$record","expected_revision":"$revision"}
    patient.v1.PatientService/CosignMedicalRecord            xxxh oxx xxx {"id":"$cosigned","expected_revision":1}
    patient.v1.PatientService/MarkMedicalRecordEnteredInError xxxh axx xxx {"id":"$record"}

    doctor.v1.DoctorService/GetDoctor                        pppp opp oop {"id":"$doctor"} ~$doctors_email
    doctor.v1.DoctorService/BatchGetDoctors                  pppp opp oop {"ids":["$doctor"]} ~$doctors_email
    doctor.v1.DoctorService/ListTimeOff                      pppp opp oop {"doctor_id":"$away"} ~surgery
    doctor.v1.DoctorService/ListVisitTypes                   xxxx xxx oox {"doctor_id":"$doctor","include_inactive":true}
    doctor.v1.DoctorService/UpdateDoctor                     xxxx oxx xox {"doctor":{"id":"$doctor","bio":"Reads."},"update_mask":"bio"}
    doctor.v1.DoctorService/UpdateDoctor                     xxxx xxx xox {"doctor":{"id":"$doctor","first_name":"Dorothy"},"update_mask":"firstName"}
    doctor.v1.DoctorService/CreateAvailability               xxxx axx aax {"availability":{"doctor_id":"$doctor"}}
    doctor.v1.DoctorService/UpdateAvailability               xxxx oxx oox {"availability":{"doctor_id":"$doctor","id":"$hours","is_available":false},"update_mask":"isAvailable"}
    doctor.v1.DoctorService/DeleteAvailability               xxxx oxx oox {"doctor_id":"$doctor","id":"$hours"}
    doctor.v1.DoctorService/SetAvailabilityOverride          xxxx oxx oox {"override":{"doctor_id":"$doctor","date":"$date"}}
    doctor.v1.DoctorService/DeleteAvailabilityOverride       xxxx oxx oox {"doctor_id":"$doctor","date":"$override"}
    doctor.v1.DoctorService/CreateTimeOff                    xxxx axx aax {"time_off":{"doctor_id":"$doctor"}}
    doctor.v1.DoctorService/DeleteTimeOff                    xxxx oxx oox {"doctor_id":"$doctor","id":"$time_off"}

    appointment.v1.AppointmentService/ListAvailableSlots     ooon onn oox {"excluding_appointment_id":"$visit","doctor_id":"$doctor","date":"$day"}
    appointment.v1.AppointmentService/ExplainSlot            ooox ooo oox {"patient_id":"$patient","doctor_id":"$doctor","start_time":"$start"}
    appointment.v1.AppointmentService/BookAppointment        ooox oxx oox {"patient_id":"$patient","doctor_id":"$doctor","start_time":"$free"}
    appointment.v1.AppointmentService/BookAppointment        xxxx oxx oox {"patient_id":"$patient","doctor_id":"$doctor","start_time":"$free","overbook":{"reason":"urgent"}}
    appointment.v1.AppointmentService/CreateHold             aaax axx aax {"patient_id":"$patient","doctor_id":"$doctor","start_time":"2020-01-01T09:00:00Z"}
    appointment.v1.AppointmentService/RenewHold              oooh oxx oox {"id":"$hold","hold_token":"$token"}
    appointment.v1.AppointmentService/RenewHold              hhhh hhh hhx {"id":"$hold","hold_token":"AAAAAAAAAAAAAAAAAAAAAA"}
    appointment.v1.AppointmentService/ReleaseHold            oooh oxx oox {"id":"$hold","hold_token":"$token"}
    appointment.v1.AppointmentService/GetAppointment         ppph oxx oox {"id":"$visit"} ~waits outside
    appointment.v1.AppointmentService/GetAppointment         oooh oxx oox {"id":"$visit","as_of_time":"$end"}
    appointment.v1.AppointmentService/GetAppointment         hhhh hhh hhx {"id":"$hold"}
    appointment.v1.AppointmentService/GetAppointment         hhhh hxx hox {"id":"$mistake"}
    appointment.v1.AppointmentService/ListAppointmentEvents  ppph oxx oox {"id":"$visit"} ~waits outside
    appointment.v1.AppointmentService/ListAppointments       pppn onn oox {"patient_id":"$patient","doctor_id":"$doctor"} ~waits outside
    appointment.v1.AppointmentService/ListUnresolvedAppointments xxxx nnn nnx {"doctor_id":"$doctor"}
    appointment.v1.AppointmentService/GetPatientAttendance   oooh oox oox {"patient_id":"$patient"}
    appointment.v1.AppointmentService/UpdateAppointment      oooh oxx oox {"id":"$visit","update_mask":"notes","notes":"changed"}
    appointment.v1.AppointmentService/UpdateAppointment      xxxh oxx oox {"id":"$visit","update_mask":"notes","notes":"changed","override_reason":"urgent"}
    appointment.v1.AppointmentService/UpdateAppointment      hhhh hxx hax {"id":"$mistake","update_mask":"notes","notes":"changed"}
    appointment.v1.AppointmentService/UpdateAppointmentStatus oooh oxx oox {"id":"$visit","status":"APPOINTMENT_STATUS_CONFIRMED"}
    appointment.v1.AppointmentService/SetSubStatus           xxxh oxx oox {"id":"$visit","sub_status":"room 3"}
    appointment.v1.AppointmentService/UndoAppointmentChange  xxxh xxx oox {"id":"$confirmed"}
    appointment.v1.AppointmentService/CancelAppointment      oooh oxx oox {"id":"$fresh_visit"}
    appointment.v1.AppointmentService/PlanAbsence            xxxx oxx oox {"doctor_id":"$doctor","start_time":"$start","end_time":"$end"}
    appointment.v1.AppointmentService/ApplyAbsencePlan       xxxx axx aax {"doctor_id":"$doctor","start_time":"$start","end_time":"$end","moves":[{"appointment_id":"$nobody","version":1}]}
    appointment.v1.AppointmentService/CreateSeries           ooox oxx oox {"patient_id":"$patient","doctor_id":"$doctor","start_time":"$far","rrule":"FREQ=DAILY;COUNT=2","dry_run":true}
    appointment.v1.AppointmentService/GetSeries              oooh oxx oox {"id":"$series"}
    appointment.v1.AppointmentService/UpdateSeries           oooh oxx oox {"id":"$series","scope":"SERIES_SCOPE_ALL","start_time_of_day":"10:30"}
    appointment.v1.AppointmentService/CancelSeries           oooh oxx oox {"id":"$series","scope":"SERIES_SCOPE_ALL"}
    appointment.v1.WaitlistService/CreateWaitlistEntry       aaax axx aax {"entry":{"patient_id":"$patient","doctor_ids":["$doctor"],"location_ids":["$nobody"],"visit_type_id":"$visit_type"}}
    appointment.v1.WaitlistService/CreateWaitlistEntry       xxxx axx aax {"entry":{"patient_id":"$patient","doctor_ids":["$doctor"],"location_ids":["$nobody"],"visit_type_id":"$visit_type","priority":"WAITLIST_PRIORITY_URGENT"}}
    appointment.v1.WaitlistService/GetWaitlistEntry          oooh oxx oox {"id":"$entry"}
    appointment.v1.WaitlistService/ListWaitlistEntries       ooon onn oox {"patient_id":"$patient"}
    appointment.v1.WaitlistService/UpdateWaitlistEntry       oooh oxx oox {"entry":{"id":"$entry","notice_minutes":60},"update_mask":"noticeMinutes"}
    appointment.v1.WaitlistService/ResumeWaitlistEntry       oooh oxx oox {"id":"$entry"}
    appointment.v1.WaitlistService/CancelWaitlistEntry       oooh oxx oox {"id":"$entry"}
    appointment.v1.WaitlistService/ListWaitlistOffers        oooh oxx oox {"entry_id":"$offered"}
    appointment.v1.WaitlistService/AcceptWaitlistOffer       oooh oxx oox {"id":"$offer"}
    appointment.v1.WaitlistService/DeclineWaitlistOffer      oooh oxx oox {"id":"$offer"}

    notification.v1.PreferenceService/GetPreferences         oooh xxx oox {"patient_id":"$patient"}
    notification.v1.PreferenceService/UpdatePreferences      oooh xxx oox {"preferences":{"patient_id":"$patient","offers":{"email":true}},"update_mask":"offers.email"}
    notification.v1.CalendarFeedService/RotatePatientCalendarFeed oxxh xxx oox {"patient_id":"$patient"}
    notification.v1.CalendarFeedService/GetPatientCalendarFeed oooh xxx oox {"patient_id":"$patient"}
    notification.v1.CalendarFeedService/DeletePatientCalendarFeed oooh xxx oox {"patient_id":"$patient"}
    notification.v1.CalendarFeedService/RotateDoctorCalendarFeed xxxx oxx oox {"doctor_id":"$doctor"}
    notification.v1.CalendarFeedService/GetDoctorCalendarFeed xxxx oxx oox {"doctor_id":"$doctor"}
    notification.v1.CalendarFeedService/DeleteDoctorCalendarFeed xxxx oxx oox {"doctor_id":"$doctor"}
"#;

/// What else patients, doctors and those without a token may call with an id, and why that tells nobody anything.
const OPEN: &str = "
    auth.v1.AuthService/Register                             as a field is anybody refused who may not link accounts
    auth.v1.ApiClientService/IssueToken                      the id of a program, which proves itself by its secret
    doctor.v1.DoctorService/ListAvailabilities               hours are public
    doctor.v1.DoctorService/ListAvailabilityOverrides        hours are public
    doctor.v1.DoctorService/GetVisitType                     what the clinic offers is public
    doctor.v1.DoctorService/GetLocation                      what the clinic offers is public
    appointment.v1.AppointmentService/SearchSlots            free times are public
    appointment.v1.AppointmentService/ListDaySummaries       free times are public
";

const CALLERS: [&str; 10] = [
    "patient",
    "guardian",
    "proxy",
    "other patient",
    "doctor",
    "colleague",
    "former doctor",
    "staff",
    "admin",
    "auditor",
];

struct Row {
    method: MethodDescriptor,
    expected: Vec<char>,
    /// Of the request, as JSON.
    template: String,
    secret: Option<String>,
}

fn rows(pool: &DescriptorPool) -> Vec<Row> {
    let rows = MATRIX.lines().map(str::trim).filter(|row| !row.is_empty());
    let row = |row: &str| {
        let (method, rest) = row.split_once(' ').unwrap();
        let (expected, request) = rest.split_at(rest.find('{').unwrap());
        let (template, secret) = request.split_once(" ~").map_or((request, None), |(t, s)| (t, Some(s)));
        Row {
            method: described(pool, method),
            expected: expected.split_whitespace().flat_map(str::chars).collect(),
            template: template.to_owned(),
            secret: secret.map(str::to_owned),
        }
    };
    rows.map(row).collect()
}

fn described(pool: &DescriptorPool, path: &str) -> MethodDescriptor {
    let (service, method) = path.split_once('/').unwrap();
    let service = pool.get_service_by_name(&format!("healthcare.{service}")).expect(path);
    service.methods().find(|found| found.name() == method).expect(path)
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(proto::DESCRIPTORS).unwrap()
}

impl Row {
    fn path(&self) -> String {
        format!("/{}/{}", self.method.parent_service().full_name(), self.method.name())
    }

    async fn answer(&self, channel: &Channel, token: &str, request: &str) -> Result<Vec<u8>, Status> {
        let mut json = serde_json::Deserializer::from_str(request);
        let message = DynamicMessage::deserialize(self.method.input(), &mut json);
        let message = message.unwrap_or_else(|wrong| panic!("{}: {wrong} in {request}", self.path()));
        call(channel, &self.path(), by(token, message.encode_to_vec())).await
    }

    /// What one caller is answered, as a letter of the matrix.
    async fn tried(&self, world: &World, channel: &Channel, token: &str, expected: char) -> (char, String) {
        let request = world.filled(&self.template).await;
        let answer = self.answer(channel, token, &request).await;
        let told = answer.as_ref().map_or_else(|status| format!("{status:?}"), |_| "OK".to_owned());
        let is_empty = self.method.output().fields().len() > 0 && answer.as_ref().is_ok_and(Vec::is_empty);
        let letter = match &answer {
            Ok(_) if expected == 'n' || is_empty => {
                let nobodys = self.answer_about_nobody(world, channel, token).await;
                if answer.as_ref().ok() == nobodys.as_ref().ok() { 'n' } else { 'o' }
            }
            Ok(answer) => match &self.secret {
                Some(secret) if !contains(answer, &world.filled(secret).await) => 'p',
                _ => 'o',
            },
            Err(status) => match status.code() {
                Code::PermissionDenied => 'x',
                Code::NotFound => {
                    let nobodys = self.answer_about_nobody(world, channel, token).await.err();
                    if nobodys.is_some_and(|nobodys| is_alike(status, &nobodys)) { 'h' } else { '?' }
                }
                Code::InvalidArgument | Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => 'a',
                _ => '?',
            },
        };
        (letter, told)
    }

    async fn answer_about_nobody(
        &self,
        world: &World,
        channel: &Channel,
        token: &str,
    ) -> Result<Vec<u8>, Status> {
        let request = world.filled(&of_nobody(&self.template)).await;
        self.answer(channel, token, &request).await
    }
}

fn contains(answer: &[u8], secret: &str) -> bool {
    answer.windows(secret.len()).any(|part| part == secret.as_bytes())
}

fn is_alike(one: &Status, other: &Status) -> bool {
    (one.code(), one.message(), one.details()) == (other.code(), other.message(), other.details())
}

#[tokio::test]
async fn every_method_answers_about_somebody_as_the_matrix_says() {
    let mesh = Mesh::shared().await;
    let world = World::new(&mesh).await;
    world.fill_in().await;
    let mut channels = BTreeMap::new();
    for service in Service::GRPC {
        channels.insert(service.name(), mesh.channel(service).await);
    }
    let tokens = world.tokens();
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for row in rows(&pool()) {
        assert_eq!(row.expected.len(), CALLERS.len(), "{}", row.template);
        let channel = &channels[serving(&row.path()).name()];
        for ((caller, token), expected) in CALLERS.iter().zip(&tokens).zip(&row.expected) {
            let (letter, told) = row.tried(&world, channel, token, *expected).await;
            cells += 1;
            if letter != *expected {
                let (method, template) = (row.method.name(), &row.template);
                wrong
                    .push(format!("{method} {template} by {caller}: {letter} instead of {expected}: {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_method_that_is_told_of_somebody_has_a_row() {
    let pool = pool();
    let is_asked = |path: &str, access: &proto::access::Access| {
        let sees_some = access.open || ["patient", "doctor"].iter().any(|role| access.roles.contains(role));
        sees_some && names_an_id(&described(&pool, path).input(), &mut BTreeSet::new())
    };
    let asked = proto::access::methods().filter_map(|(path, access)| {
        let path = path.strip_prefix("/healthcare.").unwrap();
        is_asked(path, &access).then(|| path.to_owned())
    });
    let first = |list: &str| -> BTreeSet<String> {
        list.lines().filter_map(|row| row.split_whitespace().next()).map(str::to_owned).collect()
    };
    let (told, open) = (first(MATRIX), first(OPEN));
    assert_eq!(told.intersection(&open).next(), None);
    assert_eq!(told.union(&open).cloned().collect::<BTreeSet<_>>(), asked.collect());
}

/// Whether a message names something: what a request is called so that it may be repeated does not count.
fn names_an_id(message: &MessageDescriptor, seen: &mut BTreeSet<String>) -> bool {
    seen.insert(message.full_name().to_owned())
        && message.fields().any(|field| {
            let name = field.name();
            let is_id = ["id", "ids"].contains(&name) || name.ends_with("_id") || name.ends_with("_ids");
            is_id && name != "request_id"
                || field.kind().as_message().is_some_and(|inner| names_an_id(inner, seen))
        })
}
