//! Who may do what: every operation of the document, as everyone.
//!
//! "Own" is the patient or doctor that the object belongs to, "other" one who has nothing to do with it. What one
//! may not know of is 404, the same as for an id that nobody has; what one may not use is 403.
mod deleted; // the same, about what is no more
pub(crate) mod world; // whom and what it is asked about

use reqwest::Method;
use std::collections::BTreeSet;
use tests::document::DOCUMENT;
use tests::mesh::Mesh;
use tests::rest::{Answer, Rest};
use world::{Ask, World};

/// One row an operation. The columns: no token, a token that is not valid, the patient, another patient, the
/// doctor, another doctor (who treated the patient once), staff, admin, auditor; a guardian and a proxy who act for the
/// patient, of whom the guardian may read the records.
///
/// Nobody has the tokens that are tried here: what those of mails are good for is in the stories.
///
/// Patients confirm their visits themselves, so the status is theirs to change as far as the status machine says.
const MATRIX: &str = "
    POST   /api/auth/login                                        200 200 200 200 200 200 200 200 200 200 200
    POST   /api/auth/register                                     201 201 201 201 201 201 201 201 201 201 201
    POST   /api/auth/refresh                                      401 401 200 200 200 200 200 200 200 200 200
    POST   /api/auth/password-reset                               202 202 202 202 202 202 202 202 202 202 202
    POST   /api/auth/password-reset/confirm                       422 422 422 422 422 422 422 422 422 422 422
    POST   /api/auth/verify-email                                 422 422 422 422 422 422 422 422 422 422 422
    POST   /api/auth/verify-email/resend                          401 401 202 202 202 202 202 202 202 403 403
    POST   /api/auth/accept-invitation                            422 422 422 422 422 422 422 422 422 422 422
    POST   /api/auth/logout                                       204 204 204 204 204 204 204 204 204 204 204
    GET    /api/auth/me                                           401 401 200 200 200 200 200 200 200 200 200
    POST   /api/auth/change-password                              401 401 204 204 204 204 204 204 204 403 403
    POST   /api/auth/claim                                        401 401 409 409 403 403 403 403 403 403 403
    GET    /api/auth/sessions                                     401 401 200 200 200 200 200 200 200 200 200
    DELETE /api/auth/sessions/{id}                                401 401 204 404 404 404 404 404 404 403 403
    POST   /api/auth/logout-all                                   401 401 204 204 204 204 204 204 204 403 403
    POST   /api/auth/login/totp                                   200 200 200 200 200 200 200 200 200 200 200
    POST   /api/auth/totp                                         401 401 200 200 200 200 200 200 200 403 403
    POST   /api/auth/totp/confirm                                 401 401 200 200 200 200 200 200 200 403 403
    POST   /api/auth/totp/recovery-codes                          401 401 200 200 200 200 200 200 200 403 403
    GET    /api/auth/acting-for                                   401 401 200 200 200 200 200 200 200 403 403
    POST   /api/auth/act-for                                      401 401 200 404 404 404 404 404 404 403 403
    DELETE /api/auth/totp                                         401 401 204 204 204 204 204 204 204 403 403
    GET    /.well-known/jwks.json                                 200 200 200 200 200 200 200 200 200 200 200
    GET    /health                                                200 200 200 200 200 200 200 200 200 200 200
    GET    /health/live                                           200 200 200 200 200 200 200 200 200 200 200
    GET    /health/ready                                          200 200 200 200 200 200 200 200 200 200 200
    GET    /version                                               200 200 200 200 200 200 200 200 200 200 200

    POST   /api/auth/token                                        200 200 200 200 200 200 200 200 200 200 200
    GET    /api/api-clients                                       401 401 403 403 403 403 403 200 403 403 403
    POST   /api/api-clients                                       401 401 403 403 403 403 403 201 403 403 403
    GET    /api/api-clients/{id}                                  401 401 403 403 403 403 403 200 403 403 403
    POST   /api/api-clients/{id}/secret                           401 401 403 403 403 403 403 200 403 403 403
    POST   /api/api-clients/{id}/disable                          401 401 403 403 403 403 403 200 403 403 403
    GET    /api/users                                             401 401 403 403 403 403 403 200 403 403 403
    POST   /api/users                                             401 401 403 403 403 403 403 201 403 403 403
    GET    /api/users/{id}                                        401 401 403 403 403 403 403 200 403 403 403
    PUT    /api/users/{id}                                        401 401 403 403 403 403 403 200 403 403 403
    POST   /api/users/{id}/revoke-sessions                        401 401 403 403 403 403 403 204 403 403 403
    DELETE /api/users/{id}/totp                                   401 401 403 403 403 403 403 204 403 403 403

    GET    /api/patients                                          401 401 403 403 200 200 200 200 403 403 403
    POST   /api/patients                                          401 401 409 409 403 403 201 201 403 409 409
    GET    /api/patients/search                                   401 401 403 403 200 200 200 200 403 403 403
    POST   /api/patients/search                                   401 401 403 403 200 200 200 200 403 403 403
    GET    /api/patients/{id}                                     401 401 200 404 200 403 200 200 403 200 200
    PUT    /api/patients/{id}                                     401 401 200 404 403 403 200 200 403 200 200
    DELETE /api/patients/{id}                                     401 401 403 404 403 403 403 200 403 403 403
    POST   /api/patients/{id}/merge                               401 401 403 404 403 403 200 200 403 403 403
    POST   /api/patients/{id}/unmerge                             401 401 403 404 403 403 200 200 403 403 403
    POST   /api/patients/{id}/claim-codes                         401 401 403 404 403 403 201 201 403 403 403
    GET    /api/patients/{id}/proxies                             401 401 200 404 403 403 200 200 403 403 403
    POST   /api/patients/{id}/proxies                             401 401 403 404 403 403 201 201 403 403 403
    DELETE /api/patients/{id}/proxies/{proxy_id}                  401 401 204 404 403 403 204 204 403 403 403
    GET    /api/patients/{id}/legal-hold                          401 401 403 404 403 403 403 200 403 403 403
    PUT    /api/patients/{id}/legal-hold                          401 401 403 404 403 403 403 200 403 403 403
    DELETE /api/patients/{id}/legal-hold                          401 401 403 404 403 403 403 200 403 403 403
    GET    /api/patients/{id}/export                              401 401 200 404 403 403 200 200 403 200 200
    POST   /api/patients/{id}/erase                               401 401 403 404 403 403 403 200 403 403 403

    GET    /api/patients/{id}/access-log                          401 401 200 404 403 403 403 200 200 403 403
    GET    /api/admin/audit                                       401 401 403 403 403 403 403 200 200 403 403

    GET    /api/patients/{id}/records                             401 401 200 404 200 403 403 403 403 200 403
    POST   /api/patients/{id}/records                             401 401 403 404 201 403 403 403 403 403 403
    GET    /api/records/{id}                                      401 401 200 404 200 403 403 403 403 200 403
    PUT    /api/records/{id}                                      401 401 403 404 200 403 403 403 403 403 403
    POST   /api/records/{id}/entered-in-error                     401 401 403 404 200 403 403 403 403 403 403
    POST   /api/records/{id}/sign                                 401 401 403 404 200 403 403 403 403 403 403
    POST   /api/records/{id}/cosign                               401 401 403 404 200 403 403 403 403 403 403
    GET    /api/records/{id}/revisions                            401 401 200 404 200 403 403 403 403 200 403
    GET    /api/appointments/{id}/records                         401 401 200 404 200 403 403 403 403 200 403
    POST   /api/patients/{id}/break-glass                         401 401 403 404 201 201 403 403 403 403 403
    GET    /api/break-glass                                       401 401 403 403 403 403 403 200 200 403 403
    GET    /api/break-glass/{id}                                  401 401 403 403 403 403 403 200 200 403 403
    POST   /api/break-glass/{id}/review                           401 401 403 403 403 403 403 200 200 403 403

    GET    /api/doctors                                           401 401 200 200 200 200 200 200 200 200 200
    POST   /api/doctors                                           401 401 403 403 403 403 403 201 403 403 403
    GET    /api/doctors/specialization/{specialization}           401 401 200 200 200 200 200 200 200 200 200
    GET    /api/doctors/{id}                                      401 401 200 200 200 200 200 200 200 200 200
    PUT    /api/doctors/{id}                                      401 401 403 403 200 403 403 200 403 403 403
    DELETE /api/doctors/{id}                                      401 401 403 403 403 403 403 200 403 403 403
    GET    /api/doctors/{id}/availability                         401 401 200 200 200 200 200 200 200 200 200
    POST   /api/doctors/{id}/availability                         401 401 403 403 201 403 201 201 403 403 403
    GET    /api/doctors/{id}/availability/{availability_id}       401 401 200 200 200 200 200 200 200 200 200
    PUT    /api/doctors/{id}/availability/{availability_id}       401 401 403 403 200 403 200 200 403 403 403
    DELETE /api/doctors/{id}/availability/{availability_id}       401 401 403 403 200 403 200 200 403 403 403
    GET    /api/doctors/{id}/overrides                            401 401 200 200 200 200 200 200 200 200 200
    PUT    /api/doctors/{id}/overrides/{date}                     401 401 403 403 200 403 200 200 403 403 403
    DELETE /api/doctors/{id}/overrides/{date}                     401 401 403 403 200 403 200 200 403 403 403
    GET    /api/doctors/{id}/time-off                             401 401 200 200 200 200 200 200 200 200 200
    POST   /api/doctors/{id}/time-off                             401 401 403 403 201 403 201 201 403 403 403
    DELETE /api/doctors/{id}/time-off/{time_off_id}               401 401 403 403 200 403 200 200 403 403 403

    GET    /api/visit-types                                       401 401 200 200 200 200 200 200 200 200 200
    POST   /api/visit-types                                       401 401 403 403 403 403 403 201 403 403 403
    GET    /api/visit-types/{id}                                  401 401 200 200 200 200 200 200 200 200 200
    PUT    /api/visit-types/{id}                                  401 401 403 403 403 403 403 200 403 403 403
    DELETE /api/visit-types/{id}                                  401 401 403 403 403 403 403 200 403 403 403
    GET    /api/locations                                         401 401 200 200 200 200 200 200 200 200 200
    POST   /api/locations                                         401 401 403 403 403 403 403 201 403 403 403
    GET    /api/locations/{id}                                    401 401 200 200 200 200 200 200 200 200 200
    PUT    /api/locations/{id}                                    401 401 403 403 403 403 403 200 403 403 403
    DELETE /api/locations/{id}                                    401 401 403 403 403 403 403 200 403 403 403
    POST   /api/locations/{id}/rooms                              401 401 403 403 403 403 403 201 403 403 403
    DELETE /api/locations/{id}/rooms/{room_id}                    401 401 403 403 403 403 403 200 403 403 403
    GET    /api/holidays                                          401 401 200 200 200 200 200 200 200 200 200
    POST   /api/holidays                                          401 401 403 403 403 403 403 201 403 403 403
    DELETE /api/holidays/{id}                                     401 401 403 403 403 403 403 200 403 403 403

    GET    /api/appointments                                      401 401 200 200 200 200 200 200 403 200 200
    POST   /api/appointments                                      401 401 201 403 201 403 201 201 403 201 201
    POST   /api/appointments/holds                                401 401 201 403 201 403 201 201 403 201 201
    POST   /api/appointments/holds/{id}/renew                     401 401 200 404 200 403 200 200 403 200 200
    DELETE /api/appointments/holds/{id}                           401 401 204 404 204 403 204 204 403 204 204
    GET    /api/appointments/{id}                                 401 401 200 404 200 403 200 200 403 200 200
    PUT    /api/appointments/{id}                                 401 401 200 404 200 403 200 200 403 200 200
    DELETE /api/appointments/{id}                                 401 401 200 404 200 403 200 200 403 200 200
    PUT    /api/appointments/{id}/status                          401 401 200 404 200 403 200 200 403 200 200
    POST   /api/appointments/{id}/undo                            401 401 403 404 403 403 200 200 403 403 403
    PUT    /api/appointments/{id}/sub-status                      401 401 403 404 200 403 200 200 403 403 403
    GET    /api/appointments/unresolved                           401 401 403 403 200 200 200 200 403 403 403
    GET    /api/patients/{id}/attendance                          401 401 200 404 200 403 200 200 403 200 200
    GET    /api/appointments/{id}/events                          401 401 200 404 200 403 200 200 403 200 200
    POST   /api/appointments/series                               401 401 201 403 201 403 201 201 403 201 201
    GET    /api/appointments/series/{id}                          401 401 200 404 200 403 200 200 403 200 200
    PUT    /api/appointments/series/{id}                          401 401 200 404 200 403 200 200 403 200 200
    DELETE /api/appointments/series/{id}                          401 401 200 404 200 403 200 200 403 200 200
    GET    /api/appointments/doctor/{doctor_id}/available-slots   401 401 200 200 200 200 200 200 403 200 200
    GET    /api/appointments/doctor/{doctor_id}/days              401 401 200 200 200 200 200 200 403 200 200
    GET    /api/appointments/search-slots                         401 401 200 200 200 200 200 200 403 200 200
    GET    /api/appointments/explain                              401 401 200 200 200 200 200 200 403 200 200
    POST   /api/appointments/absence-plans                        401 401 403 403 200 403 200 200 403 403 403
    POST   /api/appointments/absence-plans/apply                  401 401 403 403 200 403 200 200 403 403 403

    GET    /api/waitlist                                          401 401 200 200 200 200 200 200 403 200 200
    POST   /api/waitlist                                          401 401 201 403 201 403 201 201 403 201 201
    GET    /api/waitlist/{id}                                     401 401 200 404 200 403 200 200 403 200 200
    PUT    /api/waitlist/{id}                                     401 401 200 404 200 403 200 200 403 200 200
    DELETE /api/waitlist/{id}                                     401 401 200 404 200 403 200 200 403 200 200
    POST   /api/waitlist/{id}/resume                              401 401 200 404 200 403 200 200 403 200 200
    GET    /api/waitlist/{id}/offers                              401 401 200 404 200 403 200 200 403 200 200
    GET    /api/waitlist/offers                                   401 401 403 403 403 403 200 200 403 403 403
    POST   /api/waitlist/offers/{id}/accept                       401 401 200 404 200 403 200 200 403 200 200
    POST   /api/waitlist/offers/{id}/decline                      401 401 200 404 200 403 200 200 403 200 200

    GET    /api/notifications                                     401 401 403 403 403 403 200 200 403 403 403
    GET    /api/notifications/{id}                                401 401 403 403 403 403 200 200 403 403 403
    POST   /api/notifications/{id}/resend                         401 401 403 403 403 403 409 409 403 403 403
    GET    /api/patients/{id}/message-preferences                 401 401 200 404 403 403 200 200 403 200 200
    PUT    /api/patients/{id}/message-preferences                 401 401 200 404 403 403 200 200 403 200 200
    GET    /api/patients/{id}/calendar-feed                       401 401 200 404 403 403 200 200 403 200 200
    PUT    /api/patients/{id}/calendar-feed                       401 401 200 404 403 403 200 200 403 403 403
    DELETE /api/patients/{id}/calendar-feed                       401 401 204 404 403 403 204 204 403 204 204
    GET    /api/doctors/{id}/calendar-feed                        401 401 403 403 200 403 200 200 403 403 403
    PUT    /api/doctors/{id}/calendar-feed                        401 401 403 403 200 403 200 200 403 403 403
    DELETE /api/doctors/{id}/calendar-feed                        401 401 403 403 204 403 204 204 403 403 403
    GET    /api/message-templates                                 401 401 403 403 403 403 200 200 403 403 403
    GET    /api/message-templates/{kind}/preview                  401 401 403 403 403 403 200 200 403 403 403
    GET    /api/message-overrides                                 401 401 403 403 403 403 403 200 403 403 403
    GET    /api/message-overrides/{message}/{language}            401 401 403 403 403 403 403 200 403 403 403
    PUT    /api/message-overrides/{message}/{language}            401 401 403 403 403 403 403 200 403 403 403
    DELETE /api/message-overrides/{message}/{language}            401 401 403 403 403 403 403 200 403 403 403

    GET    /api/admin/dead-letters/{service}                      401 401 403 403 403 403 403 200 403 403 403
    GET    /api/admin/dead-letters/{service}/{id}                 401 401 403 403 403 403 403 200 403 403 403
    POST   /api/admin/dead-letters/{service}/{id}/replay          401 401 403 403 403 403 403 200 403 403 403
    DELETE /api/admin/dead-letters/{service}/{id}                 401 401 403 403 403 403 403 200 403 403 403

    GET    /api/webhooks                                          401 401 403 403 403 403 403 200 403 403 403
    POST   /api/webhooks                                          401 401 403 403 403 403 403 201 403 403 403
    GET    /api/webhooks/{id}                                     401 401 403 403 403 403 403 200 403 403 403
    PUT    /api/webhooks/{id}                                     401 401 403 403 403 403 403 200 403 403 403
    DELETE /api/webhooks/{id}                                     401 401 403 403 403 403 403 200 403 403 403
    POST   /api/webhooks/{id}/secret                              401 401 403 403 403 403 403 200 403 403 403
    POST   /api/webhooks/{id}/test                                401 401 403 403 403 403 403 200 403 403 403
    GET    /api/webhooks/{id}/deliveries                          401 401 403 403 403 403 403 200 403 403 403
    POST   /api/webhooks/{id}/deliveries/{delivery_id}/replay     401 401 403 403 403 403 403 409 403 403 403
";

const PERSONAS: [&str; 11] = [
    "anonymous",
    "bad token",
    "patient",
    "other patient",
    "doctor",
    "other doctor",
    "staff",
    "admin",
    "auditor",
    "guardian",
    "proxy",
];

fn rows() -> Vec<(String, Vec<u16>)> {
    let rows = MATRIX.lines().map(str::split_whitespace);
    rows.filter_map(|mut row| {
        let operation = format!("{} {}", row.next()?, row.next()?);
        Some((operation, row.map(|cell| cell.parse().unwrap()).collect()))
    })
    .collect()
}

async fn carried_out(caller: &Rest, operation: &str, ask: &Ask) -> Answer {
    let method: Method = operation.split(' ').next().unwrap().parse().unwrap();
    let headers: Vec<(&str, &str)> =
        ask.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    caller.send(method, &ask.path, ask.body.clone(), &headers).await
}

#[tokio::test]
async fn every_operation_answers_everyone_as_the_matrix_says() {
    let mesh = Mesh::shared().await;
    let world = World::new(&mesh).await;
    let mut wrong = Vec::new();
    let mut cells = 0;
    for (operation, expected) in rows() {
        assert_eq!(expected.len(), PERSONAS.len(), "{operation}");
        for (persona, expected) in expected.into_iter().enumerate() {
            let ask = world.ask(&operation, persona).await;
            let before = match &ask.untouched {
                Some(path) => Some(world.admin.get(path).await.body),
                None => None,
            };
            let caller = ask.caller.clone().unwrap_or_else(|| world.caller(persona));
            let answer = carried_out(&caller, &operation, &ask).await;
            cells += 1;
            if answer.status != expected {
                wrong.push(format!(
                    "{operation} as {}: {} instead of {expected}: {}",
                    PERSONAS[persona], answer.status, answer.body
                ));
            }
            if answer.status >= 400
                && let Some(path) = &ask.untouched
            {
                assert_eq!(
                    Some(world.admin.get(path).await.body),
                    before,
                    "{operation} as {} was refused and done",
                    PERSONAS[persona]
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_operation_of_the_document_has_a_row() {
    let rows: BTreeSet<String> = rows().into_iter().map(|(operation, _)| operation).collect();
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let documented = paths.iter().flat_map(|(path, item)| {
        let methods = item
            .as_object()
            .unwrap()
            .keys()
            .filter(|method| !["parameters", "summary"].contains(&method.as_str()));
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let documented: BTreeSet<String> = documented.collect();
    assert_eq!(rows, documented);
}
