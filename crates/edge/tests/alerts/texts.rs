//! What people read.

use everlit_core::service::{Class, Kind, Want};
use everlit_core::time::Timestamp;
use serde_json::Value;

use crate::cases::{Case, cases, link, minutes, three};
use crate::{golden, receivers};

fn bodies(case: &Case, sent: Timestamp) -> Vec<Value> {
    let link = link();
    let bodies = receivers().map(|(_, receiver)| {
        let post = receiver.post(&case.alert(&link), sent);
        serde_json::from_str(&post.body).unwrap()
    });
    bodies.into()
}

#[test]
fn every_kind_is_said_in_plain_words() {
    let mut all = String::from(
        "What an alert says, as it goes to a chat tool or a program. A mail has the first line as its subject.\n",
    );
    for case in cases() {
        let json = &bodies(&case, case.sent)[0];
        let text = json["data"]["text"].as_str().unwrap();
        all.push_str(&format!("\n# {}\n{text}\n", case.name));
    }
    golden("texts.txt", &all);
}

#[test]
fn nobody_is_invited_to_what_does_not_help() {
    let mut invited = 0;
    for case in cases() {
        let helps = match case.kind {
            Kind::ExpiringSoon { login_from, .. } => login_from <= case.sent,
            Kind::HumanNeeded { want, .. } => {
                !matches!(want, Want::Refused(Class::UserActionRequired | Class::ClientMisconfigured))
            }
            Kind::RenewalFailed(_)
            | Kind::FailedRepeatedly { .. }
            | Kind::OnFallback { .. }
            | Kind::Renewed(_)
            | Kind::HumanAnswered(_) => false,
        };
        let [json, chat, mail] = &bodies(&case, case.sent)[..] else { panic!("three formats") };
        for (body, helps) in [
            (json, helps),
            (chat, helps),
            // A mail stays as it was when it was written.
            (mail, helps && (case.sent == case.at || !matches!(case.kind, Kind::ExpiringSoon { .. }))),
        ] {
            assert_eq!(body.to_string().contains("https://"), helps, "{}: {body}", case.name);
        }
        assert_eq!(json["data"].get("link").is_some(), helps, "{}", case.name);
        invited += u32::from(helps);
    }
    assert!(invited > 5);
}

#[test]
fn before_the_cutoff_the_time_is_named_from_which_a_login_helps() {
    let end = three().after(minutes(30));
    let kind = Kind::ExpiringSoon { threshold: minutes(30), expires_at: end, login_from: end };
    let case = cases().into_iter().find(|case| case.kind == kind).unwrap();
    for body in bodies(&case, end.before(minutes(1))) {
        let text = body.to_string();
        assert!(text.contains("New login possible from 03:30 (IST)") && !text.contains("Open: "), "{text}");
        assert!(text.contains("03:30 (IST) on 3 Oct, 22:00 (UTC) on 2 Oct"), "{text}");
    }
    let [json, chat, _] = &bodies(&case, end)[..] else { panic!("three formats") };
    for body in [json, chat] {
        let text = body.to_string();
        assert!(
            text.contains("Open: https://app.example/accounts") && !text.contains("possible from"),
            "{text}"
        );
        assert!(text.contains("the token has ended") && !text.contains("ends in"), "{text}");
    }
}

#[test]
fn the_time_left_is_that_of_the_hour_at_which_it_is_sent() {
    let case = cases().into_iter().find(|case| matches!(case.kind, Kind::ExpiringSoon { .. })).unwrap();
    for (late, left) in [(0, "30 min"), (20, "10 min"), (29, "1 min")] {
        let said = bodies(&case, three().after(minutes(late)))[1]["text"].as_str().unwrap().to_owned();
        assert!(said.starts_with(&format!("orders (Upstox): the token ends in {left}\n")), "{said}");
    }
}
