//! What schemathesis is told.
use crate::clinic::Clinic;
use local::mesh::Options;
use local::service::Service;
use std::fmt::Write as _;

/// The published document.
pub(crate) const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/openapi.json");

/// The variable that tells schemathesis who asks.
pub(crate) const TOKEN: &str = "CONFORMANCE_TOKEN";

/// For every role.
const GENERAL: &str = r#"
# The machine is shared by many.
request-timeout = 30
warnings = false
continue-on-failure = true

# What a schema cannot say is told by 422: that a zone exists, that one member is later than another or excludes it,
# that a password is hard to guess. A version that was made up is 412.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 412, 422, 428, 429]

# A body may be too large besides.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]

# RFC 6585 has a status of its own for a missing `If-Match`.
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404, 422, 428]

[phases.stateful]
enabled = true

# RFC 6749, section 5.2: 400 also for what no schema says, such as a secret and an assertion at once.
[[operations]]
include-operation-id = "IssueToken"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 429]

"#;

/// Everything about one person's requests that would make the run one about limits.
pub(crate) fn lenient(options: &mut Options) {
    options.env_of.push((Service::Gateway, "RATE_LIMIT_HOLD_PER_MINUTE".to_owned(), "1000000".to_owned()));
    // Longer than any run.
    options.env_of.push((Service::Auth, "ACCESS_TOKEN_LIFE".to_owned(), "12h".to_owned()));
}

/// The settings of a run. Ids that there are stand in most requests, and are not deleted.
pub(crate) fn of(clinic: &Clinic) -> String {
    let mut rules = GENERAL.to_owned();
    let mut say = |line: String| writeln!(rules, "{line}").expect("a string takes text");
    say(format!("[headers]\nAuthorization = \"Bearer ${{{TOKEN}}}\"\n"));
    for (name, ids) in &clinic.ids {
        say(format!("[dictionaries.{name:?}]\nvalues = {ids:?}\n"));
    }
    say("[parameters]".to_owned());
    for (parameter, name) in [
        ("patient_id", "patients"),
        ("doctor_id", "doctors"),
        ("visit_type_id", "visit-types"),
        ("location_id", "locations"),
        ("appointment_id", "appointments"),
    ] {
        for place in ["path", "query", "body"] {
            say(format!("\"{place}.{parameter}\" = {{ dictionary = {name:?}, probability = 0.8 }}"));
        }
    }
    for (name, _) in &clinic.ids {
        say(format!(
            "\n[[operations]]\ninclude-path-regex = '^/api/{name}/\\{{id\\}}'\ninclude-method = [\"GET\", \"PUT\", \"POST\"]\n\
             parameters = {{ \"path.id\" = {{ dictionary = {name:?}, probability = 0.8 }} }}"
        ));
    }
    rules
}
