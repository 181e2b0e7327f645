//! The requests.

use everlit_edge::alert::KINDS;
use serde_json::{Map, Value, json};

use crate::cases::{cases, link, minutes};
use crate::{API_KEY, SIGNING_KEY, golden, header, receivers};

#[test]
fn every_kind_goes_out_in_every_format() {
    let (link, mut posts) = (link(), Vec::new());
    for kind in KINDS {
        let case = cases().into_iter().find(|case| case.kind.as_str() == kind).unwrap();
        for (format, receiver) in receivers() {
            let post = receiver.post(&case.alert(&link), case.sent);
            let headers: Map<String, Value> = post
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.expose().as_str().into()))
                .collect();
            let body: Value = serde_json::from_str(&post.body).unwrap();
            // What is signed is kept to the letter; the rest to be read.
            let body = if format == "json" { Value::from(post.body) } else { body };
            posts.push(json!({ "kind": kind, "format": format, "headers": headers, "body": body }));
        }
    }
    let kept = json!({ "signing_key": SIGNING_KEY, "posts": posts });
    golden("posts.json", &format!("{}\n", serde_json::to_string_pretty(&kept).unwrap()));
}

#[test]
fn a_program_reads_the_members_of_each_kind() {
    let (link, [(_, json), ..]) = (link(), receivers());
    let common = ["service", "provider", "title", "kind", "at", "text", "link"];
    for (name, expected) in [
        (
            "expiring_soon, the same, sent again",
            json!({ "threshold": 1800, "expires_at": 1_790_978_400_000_u64, "expires_in": 600, "login_from": 1_790_978_400_000_u64 }),
        ),
        (
            "expiring_soon, the same, sent when it was over",
            json!({ "threshold": 1800, "expires_at": 1_790_978_400_000_u64, "expires_in": 0, "login_from": 1_790_978_400_000_u64 }),
        ),
        ("renewal_failed, reauth_required", json!({ "class": "reauth_required" })),
        ("failed_repeatedly", json!({ "rounds": 5 })),
        ("on_fallback, sent when that was over", json!({ "until": 1_790_978_400_000_u64 })),
        ("renewed, refresh", json!({ "source": "refresh" })),
        ("human_needed, push", json!({ "reason": "lapsed", "push": true })),
        ("human_needed, ambiguous", json!({ "reason": "refused", "push": false, "class": "ambiguous" })),
        ("human_answered, approved", json!({ "source": "approved" })),
    ] {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let body: Value = serde_json::from_str(&json.post(&case.alert(&link), case.sent).body).unwrap();
        let mut data = body["data"].as_object().unwrap().clone();
        assert_eq!((&data["service"], &data["kind"]), (&json!("orders"), &json!(case.kind.as_str())));
        assert_eq!(
            (&data["provider"], &data["title"]),
            (&json!(case.provider.name), &json!(case.provider.title))
        );
        data.retain(|member, _| !common.contains(&member.as_str()));
        assert_eq!(Value::Object(data), expected, "{name}");
    }
    let case = cases().remove(0);
    let late = case.sent.after(everlit_core::time::Millis::from_millis(250));
    let body: Value = serde_json::from_str(&json.post(&case.alert(&link), late).body).unwrap();
    assert_eq!(body["data"]["expires_in"], 1799.75);
}

#[test]
fn only_its_own_header_carries_the_key_of_an_api_and_nothing_shows_it() {
    let link = link();
    for case in cases() {
        for (format, receiver) in receivers() {
            let post = receiver.post(&case.alert(&link), case.sent);
            let key = SIGNING_KEY.strip_prefix("whsec_").unwrap();
            let shown = format!("{} {post:?} {receiver:?}", post.body);
            assert!(
                !shown.contains(API_KEY) && !shown.contains(key) && !shown.contains("receiver.example"),
                "{shown}"
            );
            for (name, value) in &post.headers {
                let bearer = format!("Bearer {API_KEY}");
                assert_eq!(value.expose().contains(API_KEY), *name == "authorization", "{name}");
                assert!(*name != "authorization" || *value.expose() == bearer);
                assert!(value.expose().bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{name}");
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            }
            let names: Vec<&str> = post.headers.iter().map(|(name, _)| *name).collect();
            let own: &[&str] = match format {
                "json" => &["webhook-timestamp", "webhook-signature", "webhook-id"],
                "mail" => &["authorization", "idempotency-key"],
                _ => &[],
            };
            assert_eq!(names, [&["content-type", "user-agent"], own].concat());
        }
    }
}

#[test]
fn a_mail_that_is_sent_again_is_the_same_mail() {
    let link = link();
    for case in cases() {
        let [_, _, (_, mail)] = receivers();
        let first = mail.post(&case.alert(&link), case.sent);
        for late in [1, 35, 60 * 23] {
            let again = mail.post(&case.alert(&link), case.sent.after(minutes(late)));
            assert_eq!(again.body, first.body, "{}", case.name);
            assert_eq!(header(&again, "idempotency-key"), header(&first, "idempotency-key"));
        }
        let body: Value = serde_json::from_str(&first.body).unwrap();
        let written = "\n\nThis was written at 03:00 (IST) on 3 Oct, 21:30 (UTC) on 2 Oct.\n";
        let in_utc = "\n\nThis was written at 21:30 (UTC) on 2 Oct.\n";
        let text = body["text"].as_str().unwrap();
        assert!(text.ends_with(written) || text.ends_with(in_utc), "{text}");
    }
}

#[test]
fn a_webhook_that_is_sent_again_has_its_name_and_another_time_and_signature() {
    let link = link();
    let [(_, json), ..] = receivers();
    for case in cases() {
        let alert = case.alert(&link);
        let (first, again) = (json.post(&alert, case.sent), json.post(&alert, case.sent.after(minutes(1))));
        assert_eq!(header(&first, "webhook-id"), header(&again, "webhook-id"));
        assert_eq!(header(&first, "webhook-id"), Some(alert.name().as_str()));
        for name in ["webhook-timestamp", "webhook-signature"] {
            assert_ne!(header(&first, name), header(&again, name), "{name}");
        }
        let told: Value = serde_json::from_str(&first.body).unwrap();
        assert_eq!(told["timestamp"], "2026-10-02T21:30:00Z", "when it happened");
        assert_eq!(told["data"]["at"], case.at.as_millis());
    }
}

#[test]
fn two_mails_at_one_api_have_a_key_each() {
    let (link, case) = (link(), cases().remove(0));
    let [_, _, (_, mail)] = receivers();
    let mut other = mail.clone();
    "boss".clone_into(&mut other.name);
    let key = |receiver: &everlit_edge::alert::Receiver| {
        header(&receiver.post(&case.alert(&link), case.sent), "idempotency-key").unwrap().to_owned()
    };
    assert_ne!(key(&mail), key(&other));
    assert!(key(&mail).starts_with(&case.alert(&link).name()) && key(&mail).len() <= 256);
}
