//! The OpenAPI document agrees with the routes, the codes and the golden messages: both ways.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use everlit_wire::{Code, OPENAPI, Route, ServiceRoute};
use serde_json::{Value, json};

const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

fn document() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// The schema of this name, in a document that stands alone.
fn validator(document: &Value, name: &str) -> jsonschema::Validator {
    let schema =
        json!({ "$ref": format!("#/components/schemas/{name}"), "components": document["components"] });
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Every `$ref` below a value, and through what it refers to.
fn references<'a>(document: &'a Value, value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str)
                && found.insert(target)
            {
                let place = target.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
                references(document, place.unwrap_or_else(|| panic!("{target} is nowhere")), found);
            }
            members.values().for_each(|value| references(document, value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(document, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Path, method and description of every operation.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter().filter(|(name, _)| METHODS.contains(&name.as_str()));
        item.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

#[test]
fn it_is_served_without_the_spaces_that_make_it_readable() {
    let source: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    assert_eq!(document(), source);
    assert_eq!(OPENAPI.len(), source.to_string().len());
}

#[test]
fn every_route_and_method_is_in_it_and_no_other() {
    let document = document();
    let mut described: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        described.entry(path).or_default().insert(method.to_uppercase());
    }
    let edge = Route::ALL.map(|route| (route.template(), route.methods()));
    let services = ServiceRoute::ALL.map(|route| (route.template(), route.methods()));
    let known = edge.into_iter().chain(services).map(|(template, methods)| {
        (template, methods.iter().map(|method| (*method).to_owned()).collect::<BTreeSet<_>>())
    });
    assert_eq!(described, known.collect());
}

#[test]
fn operations_have_names_of_their_own_and_say_who_may_call_them() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
        assert!(names.insert(name), "{name} is there twice");
        assert!(operation["security"].is_array(), "{name}");
    }
}

#[test]
fn every_code_is_a_problem_type_and_no_other_is() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let problem = |schema: &Value| schema["properties"]["code"]["const"].as_str().map(str::to_owned);
    let described: BTreeSet<String> = schemas.values().filter_map(problem).collect();
    assert_eq!(described, Code::ALL.iter().map(|code| code.as_str().to_owned()).collect());
    for code in Code::ALL {
        let plain = everlit_wire::Problem::new(code);
        let validator = validator(&document, code.as_str());
        // Where a person is needed it is said who has to do what.
        let asks = matches!(code, Code::ReauthRequired | Code::LinkRequired);
        assert_eq!(validator.is_valid(&serde_json::to_value(&plain).unwrap()), !asks, "{code:?}");
        let problem = if asks { plain.asking("calendar", code == Code::LinkRequired) } else { plain };
        let problem = serde_json::to_value(problem).unwrap();
        assert!(validator.is_valid(&problem), "{problem}");
        for (member, other) in [("status", json!(599)), ("type", json!("about:blank")), ("extra", json!(1))] {
            let mut changed = problem.clone();
            changed[member] = other;
            assert!(!validator.is_valid(&changed), "{changed}");
        }
    }
}

#[test]
fn every_code_is_answered_somewhere_under_its_own_status() {
    let document = document();
    let mut answered = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let mut found = BTreeSet::new();
            references(&document, response, &mut found);
            for code in Code::ALL {
                if found.contains(format!("#/components/schemas/{}", code.as_str()).as_str()) {
                    assert_eq!(*status, code.status().to_string(), "{method} {path}");
                    answered.insert(code);
                }
            }
        }
    }
    assert_eq!(answered, BTreeSet::from(Code::ALL));
}

#[test]
fn whoever_reads_a_body_may_find_it_too_long_or_too_slow() {
    for (path, method, operation) in operations(&document()) {
        let responses = operation["responses"].as_object().unwrap();
        // A call's body is passed on as it comes, however long: there, only the wait has an end.
        if responses.contains_key("413") {
            assert!(responses.contains_key("408"), "{method} {path}");
        }
    }
}

#[test]
fn golden_messages_are_valid_and_with_a_member_that_nobody_knows_they_are_not() {
    let document = document();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else {
            continue;
        };
        let mut message: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let schema = match name {
            _ if name.starts_with("token_request") => "TokenRequest",
            _ if name.starts_with("token_response") => "TokenResponse",
            _ if name.starts_with("session") => "SessionResponse",
            _ if name.starts_with("devices") => "SessionsResponse",
            _ if name.starts_with("logout_request") => "LogoutRequest",
            _ if name.starts_with("logout") => "LogoutResponse",
            _ if name.starts_with("notice") => "Notice",
            _ if name.starts_with("reauth") => "Reauth",
            _ => name.strip_prefix("problem_").unwrap_or_else(|| panic!("{name} is of no known message")),
        };
        let validator = validator(&document, schema);
        validator.validate(&message).unwrap_or_else(|error| panic!("{name}: {error}"));
        message["unheard_of"] = Value::from(1);
        // A later page may say more than this Worker knows.
        assert_eq!(validator.is_valid(&message), schema.ends_with("Request"), "{name}");
        read += 1;
    }
    assert!(read >= 19, "only {read} golden files were found in {folder}");
}
