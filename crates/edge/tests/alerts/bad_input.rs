//! Names that no configuration has.

use everlit_edge::alert::{Alert, Format, SigningKey};
use everlit_edge::url::HttpUrl;
use serde_json::Value;

use crate::cases::{cases, link};
use crate::{SIGNING_KEY, header, receiver, receivers};

const HOSTILE: [&str; 6] = [
    "orders\r\nBcc: everybody@example.com\r\n\r\n",
    "<!channel> & <https://evil.example|log in>",
    "\u{202e}xotspU\u{0}\u{1b}[31m\u{2028}",
    "\"},{\"text\":\"",
    "*bold* _it_ `code` @here #room",
    "é\u{1F525}\u{200b}\u{feff}",
];

/// Every text in a body.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn a_name_breaks_no_line_names_nobody_and_leads_nowhere() {
    let link = link();
    for case in cases() {
        for hostile in HOSTILE {
            let alert = Alert { service: hostile, title: hostile, provider: hostile, ..case.alert(&link) };
            for (format, receiver) in receivers() {
                let post = receiver.post(&alert, case.sent);
                let body: Value = serde_json::from_str(&post.body).unwrap();
                let mut found = Vec::new();
                texts(&body, &mut found);
                for text in &found {
                    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
                    assert!(!text.contains(['\u{202e}', '\u{2028}', '\u{200b}', '\u{feff}']), "{text:?}");
                }
                if format == "chat" {
                    let links: Vec<&&str> = found.iter().filter(|text| text.contains(['<', '>'])).collect();
                    // One at most, and it is ours.
                    let ours = |text: &&&str| **text == "Open: <https://app.example/accounts>";
                    assert!(links.len() <= 1 && links.iter().all(ours), "{links:?}");
                }
                if format == "mail" {
                    assert!(!body["subject"].as_str().unwrap().contains('\n'));
                    assert_eq!(body["to"], serde_json::json!(["ops@example.com", "desk@example.com"]));
                }
            }
        }
    }
}

#[test]
fn a_name_of_100_kb_is_cut_and_every_limit_of_a_chat_tool_is_kept() {
    let long = "&".repeat(100_000);
    let address = |length| HttpUrl::parse(&format!("https://app.example/{}", "x".repeat(length)));
    assert_eq!(address(100_000), None);
    let far = address(2_000).unwrap();
    for case in cases() {
        let alert =
            Alert { service: &long, title: &long, provider: &long, instance: &long, ..case.alert(&far) };
        for (format, receiver) in receivers() {
            let post = receiver.post(&alert, case.sent);
            assert!(post.body.len() < 8_000, "{format}: {} bytes", post.body.len());
            assert!(post.headers.iter().all(|(_, value)| value.expose().len() < 100));
            assert!(!post.body.contains("https://"), "no link is half of one");
            if format == "chat" {
                let body: Value = serde_json::from_str(&post.body).unwrap();
                let length = |text: &Value| text.as_str().unwrap().replace("&amp;", "&").chars().count();
                // Slack's: 150 for a header, 3000 for a section.
                assert!(length(&body["blocks"][0]["text"]["text"]) <= 150, "{body}");
                assert!(length(&body["blocks"][1]["text"]["text"]) <= 3_000);
            }
        }
    }
}

#[test]
fn a_link_with_characters_of_a_chat_tools_own_is_written_as_text() {
    let odd = HttpUrl::parse("https://app.example/login?a=1&b=2").unwrap();
    let case = cases().into_iter().find(|case| case.name == "human_needed, push").unwrap();
    let post = receivers()[1].1.post(&case.alert(&odd), case.sent);
    let body: Value = serde_json::from_str(&post.body).unwrap();
    assert_eq!(body["blocks"][2]["text"]["text"], "Open: <https://app.example/login?a=1&amp;b=2>");
}

#[test]
fn another_key_signs_otherwise_and_what_is_no_key_signs_nothing() {
    let (link, case) = (link(), cases().remove(0));
    let plain = SIGNING_KEY.strip_prefix("whsec_").unwrap();
    let signature = |text: &str| {
        let post = receiver("x", Format::Json(SigningKey::parse(text)?)).post(&case.alert(&link), case.sent);
        header(&post, "webhook-signature").map(str::to_owned)
    };
    let ours = signature(SIGNING_KEY).unwrap();
    assert_eq!(signature(plain).as_deref(), Some(ours.as_str()));
    assert_eq!(signature(&format!("  {SIGNING_KEY}\r\n")).as_deref(), Some(ours.as_str()));
    assert_ne!(signature(&plain.replacen('Y', "Z", 1)).unwrap(), ours);
    for wrong in [
        "",
        "whsec_",
        "whsec_whsec_",
        &plain[1..],
        &SIGNING_KEY.replace('=', ""),
        "whsec_c2hvcnQ=",
        &"A".repeat(100_000),
    ] {
        assert!(signature(wrong).is_none(), "{wrong:.40}");
    }
}
