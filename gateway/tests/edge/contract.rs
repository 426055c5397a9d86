//! The document, and what it promises.
use crate::harness::Gateway;
use axum::body::Body;
use http::Method;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

fn document() -> Value {
    serde_json::to_value(gateway::router::document()).unwrap()
}

/// Each operation with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (Method, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(|(method, operation)| (method.to_uppercase().parse().unwrap(), path.as_str(), operation))
    })
}

/// Calls `visit` for every object in `value`.
fn objects<'a>(value: &'a Value, visit: &mut impl FnMut(&'a Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            visit(members);
            members.values().for_each(|member| objects(member, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| objects(item, visit)),
        _ => {}
    }
}

#[test]
fn the_committed_document_is_what_the_router_yields() {
    let committed: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    assert!(committed == document(), "gateway/openapi.json is stale: write it anew with `cargo dev openapi`");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut targets = Vec::new();
    objects(&document, &mut |object| targets.extend(object.get("$ref").and_then(Value::as_str)));
    assert!(targets.len() > 100);
    for target in targets {
        assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
    }
}

#[test]
fn every_rpc_is_an_operation_or_listed_as_internal() {
    let descriptors = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let methods = descriptors.file.iter().flat_map(|file| &file.service).flat_map(|service| &service.method);
    let rpcs: BTreeSet<&str> = methods.map(prost_types::MethodDescriptorProto::name).collect();
    let document = document();
    let ids: BTreeSet<&str> =
        operations(&document).filter_map(|(.., operation)| operation["operationId"].as_str()).collect();
    let not_offered: BTreeSet<&str> = rpcs.difference(&ids).copied().collect();
    let internal: BTreeSet<&str> = include_str!("../../internal.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(not_offered, internal, "on the left: neither an operation nor in internal.txt");
}

#[test]
fn every_operation_has_an_id_of_its_own_a_tag_and_a_summary() {
    let document = document();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} stands twice");
        assert!(tags.contains(&&operation["tags"][0]), "{method} {path}");
        assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{method} {path}");
    }
}

#[test]
fn examples_are_valid() {
    let document = document();
    let mut checked = 0;
    objects(&document, &mut |schema| {
        let is_schema =
            ["type", "$ref", "oneOf"].iter().any(|key| schema.get(*key).is_some_and(Value::is_string));
        let lists = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
        for example in lists.chain(schema.get("example")).filter(|_| is_schema) {
            let mut schema = Value::Object(schema.clone());
            schema["components"] = document["components"].clone();
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            let wrong: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{example}: {wrong:?}");
            checked += 1;
        }
    });
    assert!(checked > 50, "{checked}");
}

/// A path of the document with ids in it that nobody has.
fn filled(path: &str) -> String {
    let mut parts = path.split(['{', '}']).enumerate();
    parts.by_ref().fold(String::new(), |path, (index, part)| match (index % 2, part) {
        (0, literal) => path + literal,
        (_, "specialization") => path + "Cardiology",
        (_, "date") => path + "2030-01-07",
        (_, "language") => path + "de",
        (_, "service") => path + "appointment-svc",
        _ => path + "0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e",
    })
}

#[tokio::test]
async fn every_documented_operation_is_served_and_every_other_method_is_not() {
    let (gateway, document) = (Gateway::new(), document());
    let known: BTreeSet<(String, &str)> =
        operations(&document).map(|(method, path, _)| (method.to_string(), path)).collect();
    for path in document["paths"].as_object().unwrap().keys() {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
            let asked = method.parse().unwrap();
            let answer = gateway.send(asked, &filled(path), &[], Body::empty()).await;
            if known.contains(&(method.to_owned(), path)) {
                assert!(![404, 405].contains(&answer.status.as_u16()), "{method} {path}: {answer:?}");
            } else {
                answer.refused(405, "method_not_allowed");
                assert!(
                    answer
                        .header("allow")
                        .split(',')
                        .all(|allowed| { allowed == "HEAD" || known.contains(&(allowed.to_owned(), path)) })
                );
            }
        }
    }
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_token_unless_the_document_says_so() {
    let (gateway, document) = (Gateway::new(), document());
    let mut protected = 0;
    for (method, path, operation) in operations(&document) {
        let is_open = operation.get("security").is_some();
        let answer = gateway.send(method.clone(), &filled(path), &[], Body::empty()).await;
        if is_open {
            assert_ne!(answer.status, 401, "{method} {path}");
        } else {
            answer.refused(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            protected += 1;
        }
    }
    assert!(protected > 35, "{protected}");
}

/// Whether objects of `schema` have a `property`, of their own or of what they are made of.
fn has(document: &Value, schema: &Value, property: &str) -> bool {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let referred = schema["$ref"].as_str().and_then(|path| document.pointer(path.trim_start_matches('#')));
    schema["properties"].get(property).is_some()
        || parts.chain(referred).any(|part| has(document, part, property))
}

#[test]
fn an_etag_is_promised_where_there_is_a_version() {
    let document = document();
    let mut versioned = 0;
    for (method, path, operation) in operations(&document).filter(|(_, path, _)| path.starts_with("/api/")) {
        let answers = ["200", "201"].map(|status| &operation["responses"][status]);
        let Some(answer) = answers.into_iter().find(|answer| answer.is_object()) else { continue };
        let reference = answer["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        let schema = document.pointer(reference.trim_start_matches('#')).filter(|_| !reference.is_empty());
        let has_version = schema.is_some_and(|schema| has(&document, schema, "version"));
        assert_eq!(answer["headers"].get("ETag").is_some(), has_version, "{method} {path}");
        let is_read = method == Method::GET;
        assert_eq!(operation["responses"].get("304").is_some(), has_version && is_read, "{method} {path}");
        versioned += usize::from(has_version);
    }
    assert!(versioned > 10, "{versioned}");
}

#[test]
fn the_paths_that_clients_know_are_there() {
    let document = document();
    for (path, methods) in [
        ("/api/auth/login", "post"),
        ("/api/auth/register", "post"),
        ("/api/auth/me", "get"),
        ("/api/patients", "get post"),
        ("/api/patients/{id}", "get put delete"),
        ("/api/patients/search", "get"),
        ("/api/doctors", "get post"),
        ("/api/doctors/{id}", "get put delete"),
        ("/api/doctors/{id}/availability", "post"),
        ("/api/doctors/specialization/{specialization}", "get"),
        ("/api/appointments", "get post"),
        ("/api/appointments/{id}", "get put delete"),
        ("/api/appointments/{id}/status", "put"),
        ("/api/appointments/doctor/{doctor_id}/available-slots", "get"),
    ] {
        for method in methods.split(' ') {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
    }
}
