//! JSON Pointers (RFC 6901) to what is wrong with a request: into its body, or `/name` of a parameter.
use serde_path_to_error::{Path, Segment};

/// What the services call by another name than the REST face.
const RENAMED: [(&str, &str); 14] = [
    ("start_local", "start_time"),
    ("end_local", "end_time"),
    ("new_start_local", "new_start_time"),
    ("as_of_time", "as_of"),
    ("page_size", "limit"),
    ("page_token", "cursor"),
    ("start_time_from", "start_date"),
    ("start_time_until", "end_date"),
    ("start_time_of_day", "start_time"),
    ("from_appointment_id", "from"),
    ("expire_time", "expires_at"),
    ("expected_version", "if-match"),
    ("request_id", "idempotency-key"),
    // Which fields are changed is told by the body as a whole.
    ("update_mask", ""),
];

/// Messages in which requests wrap a resource that is the whole body here.
const WRAPPERS: [&str; 14] = [
    "patient",
    "doctor",
    "availability",
    "override",
    "time_off",
    "visit_type",
    "location",
    "room",
    "holiday",
    "medical_record",
    "user",
    "entry",
    "webhook",
    "preferences",
];

/// The pointer to a field that a service names: `patient.identifiers[0].value` is `/identifiers/0/value`.
pub fn to_field(path: &str) -> String {
    let path = match path.split_once('.') {
        Some((first, rest)) if WRAPPERS.contains(&first) => rest,
        None if WRAPPERS.contains(&path) => "",
        _ => path,
    };
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    let renamed = RENAMED.iter().find(|(theirs, _)| *theirs == last).map_or(last, |(_, ours)| ours);
    let segments = parents.split(['.', '[', ']']).chain(renamed.split(['[', ']']));
    segments
        .filter(|segment| !segment.is_empty())
        .fold(String::new(), |pointer, segment| to_member(&pointer, segment))
}

/// The pointer to the value that serde was reading.
pub fn to_value(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } => to_member(&pointer, key),
        Segment::Enum { .. } | Segment::Unknown => pointer,
    })
}

/// The pointer to the member `name` of what `parent` points to.
pub fn to_member(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_field_becomes_a_pointer_into_the_body() {
        assert_eq!(to_field("email"), "/email");
        assert_eq!(to_field("patient.email"), "/email");
        assert_eq!(to_field("patient.identifiers[0].value"), "/identifiers/0/value");
        assert_eq!(to_field("start_local"), "/start_time");
        assert_eq!(to_field("time_off.end_local"), "/end_time");
        assert_eq!(to_field("visit_type.policy.late_cancel"), "/policy/late_cancel");
        assert_eq!(to_field("entry.windows[0].end_time"), "/windows/0/end_time");
        assert_eq!(to_field("entry.expire_time"), "/expires_at");
        assert_eq!(to_field("moves[1].new_start_local"), "/moves/1/new_start_time");
        assert_eq!(to_field("page_token"), "/cursor");
        assert_eq!(to_field("update_mask"), "");
        assert_eq!(to_field("medical_record"), "");
    }

    #[test]
    fn what_has_a_meaning_in_pointers_is_escaped() {
        assert_eq!(to_member("/a", "b/c~d"), "/a/b~1c~0d");
    }
}
