//! `docs/asyncapi.json`, and whether an event is as it says.
use serde_json::{Value, json};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../docs/asyncapi.json")).expect("docs/asyncapi.json is JSON")
});

/// What is wrong with an event that was published with `routing_key`; empty when it is as documented, with no field more.
pub fn complaints(routing_key: &str, event: &Value) -> Vec<String> {
    let channels = DOCUMENT["channels"].as_object().expect("there are channels");
    let Some(channel) = channels.values().find(|channel| channel["address"] == routing_key) else {
        return vec![format!("{routing_key} is not documented")];
    };
    let messages = channel["messages"].as_object().expect("a channel has messages");
    let name = messages.keys().next().expect("a channel has a message");
    let schema = json!({
        "$ref": format!("#/components/messages/{name}/payload"),
        "components": DOCUMENT["components"],
    });
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let validator = validator.expect("the document's schemas are valid");
    let wrong = validator.iter_errors(event);
    let wrong = wrong.map(|error| format!("{routing_key}{}: {error}", error.instance_path()));
    let known = &DOCUMENT["components"]["messages"][name]["payload"]["allOf"][1]["properties"]["data"];
    let data = event["data"].as_object().into_iter().flatten();
    let more = data.filter(|(field, _)| known["properties"].get(field.as_str()).is_none());
    wrong.chain(more.map(|(field, _)| format!("{routing_key}: {field} is not documented"))).collect()
}
