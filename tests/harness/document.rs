//! `gateway/openapi.json`, and whether an answer is as it says.
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The published document.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../gateway/openapi.json")).expect("gateway/openapi.json is JSON")
});

/// Checking a schema costs more to prepare than to do.
static VALIDATORS: LazyLock<Mutex<HashMap<String, std::sync::Arc<jsonschema::Validator>>>> =
    LazyLock::new(Mutex::default);

/// The documented template that `path` fits, the most literal one first: `/api/patients/search` before
/// `/api/patients/{id}`.
pub fn template(path: &str) -> Option<&'static str> {
    let path = path.trim_end_matches('/');
    let fits = |template: &&String| {
        let template = template.trim_end_matches('/');
        let (mut asked, mut known) = (path.split('/'), template.split('/'));
        loop {
            match (asked.next(), known.next()) {
                (None, None) => return true,
                (Some(asked), Some(known)) if known.starts_with('{') || asked == known => {}
                _ => return false,
            }
        }
    };
    let templates = DOCUMENT["paths"].as_object()?.keys().filter(fits);
    templates.min_by_key(|template| template.matches('{').count()).map(String::as_str)
}

/// Why an answer is not as the document says; none when it is, or when the document does not know the path.
pub fn complaint(method: &str, path: &str, status: u16, content_type: &str, body: &Value) -> Option<String> {
    let template = template(path)?;
    let operation = DOCUMENT["paths"][template].get(method.to_lowercase())?;
    let responses = &operation["responses"];
    let exact = status.to_string();
    let range = format!("{}XX", status / 100);
    let Some(response) = responses.get(&exact).or_else(|| responses.get(&range)) else {
        return Some(format!("{method} {template} does not document {status}"));
    };
    let response = resolved(response);
    let Some(contents) = response.get("content").and_then(Value::as_object) else {
        return (!body.is_null()).then(|| format!("{method} {template} documents no body for {status}"));
    };
    let Some(content) = contents.get(content_type.split(';').next().unwrap_or_default()) else {
        return Some(format!("{method} {template} documents no {content_type} for {status}"));
    };
    let key = format!("{method} {template} {status} {content_type}");
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
        validators
            .entry(key.clone())
            .or_insert_with(|| std::sync::Arc::new(validator(&content["schema"])))
            .clone()
    };
    let wrong: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    (!wrong.is_empty()).then(|| format!("{key}: {}", wrong.join("; ")))
}

fn validator(schema: &Value) -> jsonschema::Validator {
    let mut schema = schema.clone();
    schema["components"] = DOCUMENT["components"].clone();
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the document's schemas are valid")
}

/// A response, or the one that it refers to.
fn resolved(response: &'static Value) -> &'static Value {
    let reference = response.get("$ref").and_then(Value::as_str);
    reference.and_then(|path| DOCUMENT.pointer(path.trim_start_matches('#'))).unwrap_or(response)
}
