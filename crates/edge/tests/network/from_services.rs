//! What concerns an account of the operator's: what its provider answers, what is handed in, and the row that it is kept in.

use everlit_core::secret::Secret;
use everlit_edge::config::Variables;
use everlit_edge::config::services::{ServicesConfig, is_variable_name};
use everlit_edge::date;
use everlit_edge::provider::Class;
use everlit_edge::service::{Account, Kind, Left, Revoked, row};
use proptest::prelude::*;

use crate::from_providers::{Http, NOW};
use crate::parsers::Fed;

const CALLBACK: &str = "https://app.example/service/x/callback";

fn config() -> ServicesConfig {
    let variables = ["breeze", "kite", "upstox"].into_iter().fold(Variables::new(), |variables, provider| {
        let name = provider.to_uppercase();
        let table =
            format!(r#"{{"provider": "{provider}", "client_id": "app+key=1!", "account": "ADA123"}}"#);
        variables.text(&format!("SERVICE_{name}"), &table).secret(&format!("SECRET_{name}_CLIENT_SECRET"))
    });
    let variables = variables.text("ORIGINS", r#"["https://app.example"]"#).secret("SECRET_SESSION_KEY");
    ServicesConfig::parse(&variables).unwrap()
}

/// The provider's name in the first line, and what follows it.
fn split(input: &[u8]) -> (&'static str, &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let known = ["breeze", "kite", "upstox"].into_iter().find(|name| name.as_bytes() == &input[..end]);
    (known.unwrap_or("upstox"), input.get(end + 1..).unwrap_or_default())
}

/// An answer: what it brings fits into a header and has an end that is still to come, and nothing else is a success.
pub(crate) fn service_answer(input: &[u8]) -> Fed {
    let (name, rest) = split(input);
    let (config, secret) = (config(), Secret::new("s3cr3t".to_owned()));
    let account = Account { config: config.service(name).unwrap(), secret: &secret, callback: CALLBACK };
    let http = Http::read(rest);
    let answer = http.answer(http.body);
    let word = match account.exchanged(&answer) {
        Ok(given) => {
            for token in [Some(&given.access_token), given.fallback.as_ref()].into_iter().flatten() {
                prop_assert!(
                    !token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic())
                );
            }
            prop_assert!(given.expires_at.is_some_and(|end| NOW < end));
            prop_assert_eq!(given.fallback.is_some(), given.fallback_until.is_some());
            let user_id = given.user_id.unwrap_or_default();
            let own = user_id.eq_ignore_ascii_case("ADA123");
            prop_assert_eq!(account.is_expected(&user_id, Some("other")), own);
            if own { "own" } else { "foreign" }
        }
        Err(judgement) => {
            prop_assert!(judgement.class != Class::Ok && !judgement.reason.is_empty());
            "nothing"
        }
    };
    match account.renewed(&answer) {
        Ok(given) => {
            let tokens = [Some(&given.access_token), given.refresh.as_ref()];
            let is_sendable = |token: &Secret<String>| token.expose().bytes().all(|b| b.is_ascii_graphic());
            prop_assert!(tokens.into_iter().flatten().all(is_sendable));
            prop_assert_eq!(name, "kite", "the others have no renewal");
        }
        Err(judgement) => prop_assert!(judgement.class != Class::Ok),
    }
    let token = Secret::new("QURBMTIzOjEyMzQ1Njc4".to_owned());
    for planned in [None, Some(NOW)] {
        if let Err(judgement) = account.validated(&answer, &token, planned) {
            prop_assert!(judgement.class != Class::Ok);
        }
    }
    let left = account.left_of(token);
    // What brokers have takes one request.
    prop_assert!(matches!(account.revoked(&left, &answer), Revoked::Ended(_)));
    match account.person_asked(&answer) {
        Ok(until) => prop_assert!(NOW < until),
        Err(judgement) => prop_assert!(judgement.class != Class::Ok),
    }
    Ok(word)
}

/// Something handed in: what is taken goes into a request as it is, and an error shows nothing of what it refuses.
pub(crate) fn service_hand(input: &[u8]) -> Fed {
    let (name, rest) = split(input);
    let (config, secret) = (config(), Secret::new("s3cr3t".to_owned()));
    let account = Account { config: config.service(name).unwrap(), secret: &secret, callback: CALLBACK };
    let text = String::from_utf8_lossy(rest);
    let mut word = "refused";
    for kind in [Some(Kind::Token), Some(Kind::Code), None] {
        let Ok(handled) = account.handed(&text, kind, NOW) else { continue };
        prop_assert!(kind.is_none_or(|kind| kind == handled.kind));
        let handed = handled.text.expose();
        prop_assert!(!handed.is_empty() && handed.bytes().all(|byte| byte.is_ascii_graphic()), "{handed}");
        prop_assert!(account.plan(NOW, handled.stated).is_some_and(|end| NOW < end));
        match handled.kind {
            Kind::Code => prop_assert!(account.exchange(&handled.text).is_ok()),
            Kind::Token => {
                prop_assert!(account.validate(&handled.text, NOW).is_ok());
                let _owner = account.owner(&handled.text);
                let left = Left { access_token: Some(handled.text), refresh_token: None };
                prop_assert_eq!(account.revocation(&left).is_some(), account.config.revokes());
                prop_assert_eq!(Left::decode(&left.encode()), left);
            }
        }
        if kind.is_none() {
            word = if handled.kind == Kind::Code { "code" } else { "token" };
        }
    }
    let service = config.service(&text).map(|service| service.name.as_str());
    prop_assert_eq!(service.is_some(), config.services().iter().any(|service| service.name == text));
    prop_assert!(
        !is_variable_name(&text) || text.is_ascii() || text.contains("SERVICE") || text.contains('_')
    );
    prop_assert!(date::parse_day(&text).is_none() || text.len() == 10);
    Ok(word)
}

/// A row from storage: what is read comes back as it was, and what is no row is none.
pub(crate) fn service_row(input: &[u8]) -> Fed {
    match row::decode(input) {
        Ok(read) => {
            prop_assert_eq!(row::decode(row::encode(&read).as_bytes()), Ok(read));
            Ok("read")
        }
        Err(row::RowError::Ahead) => Ok("ahead"),
        Err(row::RowError::Broken) => Ok("broken"),
    }
}
