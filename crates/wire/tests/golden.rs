//! Every golden file is read into its type and comes out unchanged.
#![allow(clippy::panic)]

use everlit_wire::{
    Code, LogoutRequest, LogoutResponse, Notice, Problem, Reauth, SessionResponse, SessionsResponse,
    TokenRequest, TokenResponse, Way,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn reads_and_writes<T: DeserializeOwned + Serialize>(name: &str, text: &str) {
    let file: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let message: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let written = serde_json::to_value(&message).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(written, file, "{name}");
}

#[test]
fn golden_files_survive_the_round_trip() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) =
            path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".json"))
        else {
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        match name {
            _ if name.starts_with("token_request") => reads_and_writes::<TokenRequest>(name, &text),
            _ if name.starts_with("token_response") => reads_and_writes::<TokenResponse>(name, &text),
            _ if name.starts_with("session") => reads_and_writes::<SessionResponse>(name, &text),
            _ if name.starts_with("devices") => reads_and_writes::<SessionsResponse>(name, &text),
            _ if name.starts_with("logout_request") => reads_and_writes::<LogoutRequest>(name, &text),
            _ if name.starts_with("logout") => reads_and_writes::<LogoutResponse>(name, &text),
            _ if name.starts_with("reauth") => reads_and_writes::<Reauth>(name, &text),
            _ if name.starts_with("problem") => reads_and_writes::<Problem>(name, &text),
            _ if name.starts_with("notice") => reads_and_writes::<Notice>(name, &text),
            _ => panic!("{name} is of no known message"),
        }
        read += 1;
    }
    assert!(read >= 19, "only {read} golden files were found in {folder}");
}

#[test]
fn who_has_to_do_what_is_said_as_the_golden_files_have_it() {
    for (code, provider, golden) in [
        (Code::ReauthRequired, "main", include_str!("../golden/problem_reauth_required.json")),
        (Code::LinkRequired, "calendar", include_str!("../golden/problem_link_required.json")),
    ] {
        let golden: Problem = serde_json::from_str(golden).unwrap();
        let asking = Problem::new(code).asking(provider, code == Code::LinkRequired);
        let Problem { reason, silent, .. } = golden.clone();
        assert_eq!(Problem { reason, silent, ..asking }, golden);
    }
}

#[test]
fn problem_codes_are_written_by_their_names() {
    for code in Code::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), Value::from(code.as_str()));
        assert!((400..600).contains(&code.status()));
    }
}

#[test]
fn ways_are_written_by_their_names() {
    for way in Way::ALL {
        assert_eq!(serde_json::to_value(way).unwrap(), Value::from(way.as_str()));
        assert_eq!(Way::from_name(way.as_str()), Some(way));
    }
    assert_eq!(Way::from_name("dialog"), None);
}

#[test]
fn durations_that_are_none_are_refused() {
    for bad in ["-1", "\"60\"", "null", "1e300", "true"] {
        let text = format!(
            r#"{{"v":1,"epoch":1,"generation":1,"expires_in":{bad},"lifetime":1,"server_time":1,"idle_left":1,"idle_limit":1,"absolute_left":1}}"#
        );
        assert!(serde_json::from_str::<TokenResponse>(&text).is_err(), "{bad}");
    }
}
