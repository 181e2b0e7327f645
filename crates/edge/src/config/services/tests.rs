use super::*;
use alloc::{format, vec};
use everlit_core::rate::Rate;
use everlit_core::service::{Budget, PushPolicy, WayKind};
use everlit_core::time::{Millis, Timestamp};

use crate::people::Statement;
use crate::provider::{Told, Zone, kite};

fn good() -> Variables {
    Variables::new()
        .text("ORIGINS", r#"["https://app.example"]"#)
        .text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "615b1297"}"#)
        .text("SERVICE_BREEZE", r#"{"provider": "breeze", "client_id": "app+key=1!", "account": "AB123456"}"#)
        .text("CALLER_REPORTS", r#"{"services": ["upstox", "breeze"]}"#)
        .text("CALLER_DESK", r#"{"services": ["upstox"], "operator": true}"#)
        .secret("SECRET_SESSION_KEY")
        .secret("SECRET_UPSTOX_CLIENT_SECRET")
        .secret("SECRET_BREEZE_CLIENT_SECRET")
        .secret("SECRET_CALLER_REPORTS_KEY")
        .secret("SECRET_CALLER_DESK_KEY")
}

fn first(variables: &Variables) -> String {
    ServicesConfig::parse(variables).err().map_or_else(String::new, |errors| errors[0].to_string())
}

#[test]
fn an_operator_who_knows_better_says_when_tokens_end() {
    let minutes = |minutes: u64| Millis::from_secs(60 * minutes);
    // 21:30 in India.
    let issued = Timestamp::from_millis(1_790_956_800_000);
    for (said, life) in [
        ("", minutes(150)),
        (r#","cutoffs":[]"#, minutes(1_440)),
        (r#","cutoffs":[],"cap":"8h""#, minutes(480)),
        (r#","cap":"2h""#, minutes(120)),
        (r#","cutoffs":["23:00","05:00"]"#, minutes(90)),
    ] {
        let table = format!(r#"{{"provider":"breeze","client_id":"a","account":"AB1234"{said}}}"#);
        let config = ServicesConfig::parse(&good().text("SERVICE_BREEZE", &table)).unwrap();
        let breeze = config.service("breeze").unwrap();
        assert_eq!(
            breeze.description.expiry.plan(issued, Told::default()),
            Some(issued.after(life)),
            "{said}"
        );
        assert_eq!(breeze.zone(), Zone::INDIA, "its people's clock is the same");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let errors = |upstox: &str, breeze: &str| {
        let variables = good().text("SERVICE_UPSTOX", upstox).text("SERVICE_BREEZE", breeze);
        let errors = ServicesConfig::parse(&variables).unwrap_err();
        errors.iter().map(|error| error.field.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    let breeze = r#"{"provider":"breeze","client_id":"a"}"#;
    assert_eq!(
        errors(r#"{"provider":"upstox","client_id":"a","cutoffs":["3:30"],"cap":24}"#, breeze),
        ["cutoffs", "cap"]
    );
    assert_eq!(
        errors(r#"{"provider":"upstox","client_id":"a","cutoffs":[]}"#, breeze),
        ["cutoffs", "account"]
    );
}

#[test]
fn what_nobody_says_is_as_the_provider_is() {
    let config = ServicesConfig::parse(&good()).unwrap();
    let minutes = |count: u64| Millis::from_secs(60 * count);
    let (breeze, upstox) = (config.service("breeze").unwrap(), config.service("upstox").unwrap());
    assert_eq!((breeze.check_every, breeze.lead), (minutes(5), minutes(15)));
    assert_eq!((upstox.check_every, upstox.lead), (minutes(30), minutes(60)));
    assert_eq!((&breeze.warn_at, &upstox.warn_at), (&[minutes(30)].into(), &[minutes(60)].into()));
    assert_eq!(breeze.validate_every, minutes(60));
    assert_eq!(
        (breeze.api_origin(), upstox.api_origin()),
        ("https://api.icicidirect.com", "https://api.upstox.com")
    );
    assert_eq!(breeze.secret_name(), "SECRET_BREEZE_CLIENT_SECRET");
    let settings = upstox.settings(7);
    assert_eq!(
        (settings.version, settings.person, settings.caller_rate),
        (7, true, Rate::new(60, minutes(1)))
    );
    assert_eq!(settings.push, Some(PushPolicy { open_for: Millis::from_secs(600), times: 1 }));
    assert!(!settings.exchange_repeatable && settings.ways.is_empty());
    assert_eq!(settings.call_rate, Rate::new(500, minutes(1)));
    let settings = breeze.settings(7);
    assert_eq!(
        (settings.caller_rate, settings.call_rate),
        (Rate::new(60, minutes(1)), Rate::new(100, minutes(1)))
    );
    assert_eq!(settings.budget, Budget { minute: Some(100), day: Some(5_000), percent: 1 });
    assert!(settings.push.is_none() && settings.exchange_repeatable);
    let desk = config.callers().iter().find(|caller| caller.name == "desk").unwrap();
    assert!(desk.operator && desk.may_use("upstox") && !desk.may_use("breeze"));
}

#[test]
fn what_is_had_through_the_same_app_is_known_to_be() {
    let shares = |other: &str| {
        let variables = good()
            .text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "account": "AB1234"}"#)
            .text("SERVICE_SECOND", other)
            .secret("SECRET_SECOND_CLIENT_SECRET");
        let config = ServicesConfig::parse(&variables).unwrap();
        let [shares, other] =
            ["upstox", "second"].map(|name| config.shares_app(config.service(name).unwrap()));
        assert_eq!(shares, other);
        shares
    };
    assert!(shares(r#"{"provider": "upstox", "client_id": "a", "account": "CD5678"}"#));
    assert!(!shares(r#"{"provider": "upstox", "client_id": "b", "account": "CD5678"}"#));
    assert!(!shares(r#"{"provider": "kite", "client_id": "a", "account": "CD5678"}"#));
}

#[test]
fn nobody_with_a_session_may_call_a_service_that_does_not_say_so() {
    let user = |sub: &str, email: Option<&str>| Statement {
        provider: "main".into(),
        sub: sub.into(),
        email: email.map(Into::into),
        name: Some("Ada".into()),
    };
    let may = |more: &str, user: &Statement| {
        let table = format!(r#"{{"provider": "upstox", "client_id": "a"{more}}}"#);
        let config = ServicesConfig::parse(&good().text("SERVICE_UPSTOX", &table)).unwrap();
        let service = config.service("upstox").unwrap();
        assert_eq!(service.is_for_people(), !more.is_empty());
        (service.may_use(user), service.is_operator(user))
    };
    let (ada, bob) = (user("ada", Some("ada@example.com")), user("bob", None));
    let by_sub = r#", "operators": {"claim": "sub", "values": ["ada"]}"#;
    let by_email = r#", "operators": {"claim": "email", "values": ["ada@example.com", "bob"]}"#;
    let all = r#", "users": "all""#;
    for (more, of_ada, of_bob) in [
        (String::new(), (false, false), (false, false)),
        (all.to_string(), (true, false), (true, false)),
        (by_sub.to_string(), (true, true), (false, false)),
        (by_email.to_string(), (true, true), (false, false)),
        ([all, by_sub].concat(), (true, true), (true, false)),
        (r#", "users": {"claim": "sub", "values": ["bob"]}"#.to_string(), (false, false), (true, false)),
    ] {
        assert_eq!((may(&more, &ada), may(&more, &bob)), (of_ada, of_bob), "{more}");
    }
    // Neither another letter's size, nor a name or a subject that looks like an address, is the same person.
    for other in [user("Ada", None), user("ada ", None), user("", None), user("x", Some("ada"))] {
        assert_eq!(may(by_sub, &other), (false, false));
    }
    for other in [user("ada@example.com", None), user("x", Some("Ada@example.com")), user("x", Some(""))] {
        assert_eq!(may(by_email, &other), (false, false));
    }
}

#[test]
fn what_renews_itself_has_a_way() {
    let way = |table: &str| {
        let variables = good().text("SERVICE_UPSTOX", table);
        let config = ServicesConfig::parse(&variables).unwrap();
        let settings = config.service("upstox").unwrap().settings(1);
        (settings.ways.iter().map(|way| (way.kind, way.repeatable)).collect::<Vec<_>>(), settings.person)
    };
    let oidc = r#""provider": "oidc", "client_id": "a", "token_url": "https://as.example/token""#;
    for (table, expected) in [
        (format!("{{{oidc}}}"), (vec![(WayKind::Refresh, false)], true)),
        (format!(r#"{{{oidc}, "grace": "google"}}"#), (vec![(WayKind::Refresh, true)], true)),
        (
            format!(r#"{{{oidc}, "grant": "client_credentials"}}"#),
            (vec![(WayKind::Credentials, true)], false),
        ),
        (
            r#"{"provider": "supabase", "client_id": "a", "origin": "https://x.supabase.co"}"#.to_string(),
            (vec![(WayKind::Refresh, true)], true),
        ),
        (r#"{"provider": "upstox", "client_id": "a"}"#.to_string(), (vec![], true)),
        (r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#.to_string(), (vec![], true)),
        // An app that Kite has approved. Whether its refresh tokens are spent by their use is not known: the careful choice, or what is said.
        (
            r#"{"provider": "kite", "client_id": "a", "account": "AB1234", "grant": "refresh_token"}"#.to_string(),
            (vec![(WayKind::Refresh, false)], true),
        ),
        (
            r#"{"provider": "kite", "client_id": "a", "account": "AB1234", "grant": "refresh_token", "grace": "google"}"#
                .to_string(),
            (vec![(WayKind::Refresh, true)], true),
        ),
    ] {
        assert_eq!(way(&table), expected, "{table}");
    }
}

#[test]
fn an_app_that_kite_has_approved_hands_in_a_login_and_lives_by_what_comes_with_it() {
    let table = r#"{"provider": "kite", "client_id": "a", "account": "AB1234", "grant": "refresh_token"}"#;
    let config = ServicesConfig::parse(&good().text("SERVICE_UPSTOX", table)).unwrap();
    let service = config.service("upstox").unwrap();
    assert_eq!(service.description.renewals, kite::APPROVED);
    assert!(service.refreshes() && service.logs_in() && !service.takes_refresh_token());
    // A request token is good once.
    assert!(!service.settings(1).exchange_repeatable);
}

#[test]
fn each_mistake_is_told_by_name_and_shows_no_secret() {
    for (variables, expected) in [
        (Variables::new(), "ORIGINS: is missing"),
        (good().text("SERVICES", "{}"), "SERVICES: is not a variable of the services Worker"),
        (good().text("CALLER_reports", "{}"), "CALLER_reports: is not a variable of the services Worker"),
        (good().text("SERVICE_UPSTOX", "7"), "SERVICE_UPSTOX: is not a table"),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstocks", "client_id": "a"}"#),
            "SERVICE_UPSTOX.provider: is not what it should be; expected one of: alpaca, ",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "ibkr", "client_id": "a"}"#),
            "SERVICE_UPSTOX.provider: is described and not served as a service yet; expected one of: alpaca-broker, breeze, ",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "oidc", "client_id": "a"}"#),
            "SERVICE_UPSTOX.token_url: is missing",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "kite", "client_id": "a", "token_url": "https://a.example/t"}"#,
            ),
            "SERVICE_UPSTOX.token_url: is for an authorization server",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "kite", "client_id": "a", "revocation_url": "https://a.example/r"}"#,
            ),
            "SERVICE_UPSTOX.revocation_url: is for an authorization server",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "kite", "client_id": "a", "grant": "client_credentials"}"#,
            ),
            "SERVICE_UPSTOX.grant: is one that this provider does not know; expected \"refresh_token\", or no such field",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "upstox", "client_id": "a", "grant": "refresh_token"}"#,
            ),
            "SERVICE_UPSTOX.grant: is one that this provider does not know; expected no such field",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "supabase", "client_id": "a", "origin": "https://x.supabase.co", "call_rate": "9/1m"}"#,
            ),
            "SERVICE_UPSTOX.call_rate: is for calls under /api, which are not made to this provider",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "supabase", "client_id": "a"}"#),
            "SERVICE_UPSTOX.origin: is missing",
        ),
        (good().text("SERVICE_UPSTOX", r#"{"provider": "upstox"}"#), "SERVICE_UPSTOX.client_id: is missing"),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "password": "x"}"#),
            "SERVICE_UPSTOX.password: is a person's own, and cannot be used to log in for them; expected no such field: Upstox has no refresh token",
        ),
        (
            good().text(
                "SERVICE_BREEZE",
                r#"{"provider": "breeze", "client_id": "a", "account": "AB1234", "totp_secret": "x"}"#,
            ),
            "SERVICE_BREEZE.totp_secret: is a person's own, and cannot be used to log in for them; expected no such field: Breeze has no grant for a user name and a password",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "colour": "x"}"#),
            "SERVICE_UPSTOX.colour: is not a field of this table",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "cutoffs": ["3:30"]}"#),
            "SERVICE_UPSTOX.cutoffs: is not what it should be",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "cutoffs": []}"#),
            "SERVICE_UPSTOX.cutoffs: leaves a token without an end",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "oidc", "client_id": "a", "token_url": "https://as.example/t", "cap": "24h"}"#,
            ),
            "SERVICE_UPSTOX.cap: is for tokens that end by the clock, and this provider says when its own do",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "upstox", "client_id": "a", "origin": "http://a.example"}"#,
            ),
            "SERVICE_UPSTOX.origin: is not what it should be",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "warn_at": ["soon"]}"#),
            "SERVICE_UPSTOX.warn_at: is not what it should be",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "upstox", "client_id": "a", "page": "https://elsewhere.example/accounts"}"#,
            ),
            "SERVICE_UPSTOX.page: is at none of ORIGINS",
        ),
        (good().text("SECRETS_SET_AT", "7"), "SECRETS_SET_AT: is not a table"),
        (
            good().text("SECRETS_SET_AT", r#"{"SECRET_SESSION_KEY": "2026-13-01"}"#),
            "SECRETS_SET_AT.SECRET_SESSION_KEY: is not what it should be; expected a day such as",
        ),
        (
            good().text("SECRETS_SET_AT", r#"{"max_age": "a year"}"#),
            "SECRETS_SET_AT.max_age: is not what it should be",
        ),
        (
            good().text("SECRETS_SET_AT", r#"{"SESSION_KEY": "2026-01-31"}"#),
            "SECRETS_SET_AT.SESSION_KEY: is not a field of this table; expected max_age, or the name of a secret",
        ),
        (
            good().text("SECRETS_SET_AT", r#"{"SECRET_CALLER_NIGHT_KEY": "2026-01-31"}"#),
            "SECRETS_SET_AT.SECRET_CALLER_NIGHT_KEY: is of no use here; expected the name of a secret that this",
        ),
        (good().text("SECRETS", "{}"), "SECRETS: is not a variable of the services Worker"),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "operators": "all"}"#),
            "SERVICE_UPSTOX.operators: is not what it should be; expected a table such as { claim = ",
        ),
        (
            good().text("SERVICE_UPSTOX", r#"{"provider": "upstox", "client_id": "a", "users": "ada"}"#),
            "SERVICE_UPSTOX.users: is not what it should be; expected \"all\", or a table",
        ),
        (
            good().text(
                "SERVICE_UPSTOX",
                r#"{"provider": "upstox", "client_id": "a", "users": {"claim": "groups", "values": ["x"]}}"#,
            ),
            "SERVICE_UPSTOX.users.claim: is not what it should be",
        ),
        (
            good().text("CALLER_REPORTS", r#"{"services": []}"#),
            "CALLER_REPORTS.services: is not what it should be",
        ),
        (
            good().text("CALLER_REPORTS", r#"{"services": ["kite"]}"#),
            "CALLER_REPORTS.services: names a service that is not configured; expected names of services (breeze, upstox), not \"kite\"",
        ),
        (
            good().text("SERVICE_KITE", r#"{"provider": "kite", "client_id": "a"}"#),
            "SERVICE_KITE.account: is missing; expected whose account it is, by the provider's own name for the user, such as \"AB1234\": ",
        ),
        (
            good().text("SERVICE_BREEZE", r#"{"provider": "breeze", "client_id": "a"}"#),
            "SERVICE_BREEZE.account: is missing",
        ),
        (
            good().text("SERVICE_KITE", r#"{"provider": "kite", "client_id": "a", "account": "AB1234"}"#),
            "SECRET_KITE_CLIENT_SECRET: is not set; expected a secret, set by `wrangler secret put SECRET_KITE_CLIENT_SECRET`",
        ),
        (good().text("CALLER_NIGHT", r#"{"services": ["upstox"]}"#), "SECRET_CALLER_NIGHT_KEY: is not set"),
        (good().secret("SECRET_SESSION_KEY_02"), "SECRET_SESSION_KEY_02: is the name of no session key"),
    ] {
        let said = first(&variables);
        assert!(said.starts_with(expected), "{said}\nin place of\n{expected}");
    }
}

#[test]
fn only_its_own_variables_are_read() {
    for (name, is_one) in [
        ("ORIGINS", true),
        ("SERVICE_UPSTOX", true),
        ("CALLER_REPORTS", true),
        ("ALERT_OPS", true),
        ("SERVICES", true),
        ("SECRETS_SET_AT", true),
        ("SECRETS_SET", true),
        ("SECRET_SESSION_KEY", false),
        ("PROVIDER_DEMO", false),
        ("LIMITS", false),
        ("SERVICEUPSTOX", false),
    ] {
        assert_eq!(is_variable_name(name), is_one, "{name}");
    }
}

#[test]
fn a_day_may_stay_when_its_secret_is_gone_and_an_alert_leads_to_the_app() {
    let days = r#"{"SECRET_SESSION_KEY": "2025-01-31", "SECRET_SESSION_KEY_2": "2026-01-31"}"#;
    let config = ServicesConfig::parse(&good().text("SECRETS_SET_AT", days)).unwrap();
    let (secrets, now) = (config.secrets(), crate::date::parse_day("2026-02-02").unwrap());
    assert!(secrets.is_set("SECRET_SESSION_KEY") && !secrets.is_set("SECRET_SESSION_KEY_2"));
    assert_eq!(secrets.age("SECRET_SESSION_KEY_2", now), Some(Millis::from_days(2)));
    assert_eq!(secrets.age("SECRET_UPSTOX_CLIENT_SECRET", now), None);
    assert_eq!(secrets.max_age, Millis::from_days(365));

    let page = |config: &ServicesConfig| config.page(config.service("upstox").unwrap()).unwrap().to_string();
    assert_eq!(page(&config), "https://app.example/");
    let own = good().text("ORIGINS", r#"["https://app.example", "https://ops.example"]"#).text(
        "SERVICE_UPSTOX",
        r#"{"provider": "upstox", "client_id": "a", "page": "https://ops.example/a"}"#,
    );
    assert_eq!(page(&ServicesConfig::parse(&own).unwrap()), "https://ops.example/a");
}

#[test]
fn who_is_told_is_read_with_the_rest() {
    let told = good()
        .text("ALERT_OPS", r#"{"url": "https://ops.example/alerts", "services": ["breeze"]}"#)
        .text("ALERT_ROOM", r#"{"format": "chat"}"#)
        .secret("SECRET_ALERT_OPS_SIGNING_KEY")
        .secret("SECRET_ALERT_ROOM_URL");
    let config = ServicesConfig::parse(&told).unwrap();
    let told_of = |service| -> Vec<&str> {
        let wanted = config.alerts().iter().filter(|alert| alert.wants(service, "renewed"));
        wanted.map(|alert| alert.name.as_str()).collect()
    };
    assert_eq!((told_of("breeze"), told_of("upstox")), (alloc::vec!["ops", "room"], alloc::vec!["room"]));
    for (variables, expected) in [
        (told.clone().text("ALERT_OPS", "{}"), "ALERT_OPS.url: is missing"),
        (told.clone().text("ALERT_OPS", r#"{"to": []}"#), "ALERT_OPS.to: is for mail"),
        (
            told.clone().text("ALERT_ROOM", r#"{"format": "chat", "services": ["kite"]}"#),
            "ALERT_ROOM.services: names a service",
        ),
        (told.text("ALERT_ops", "{}"), "ALERT_ops: is not a variable of the services Worker"),
    ] {
        let said = first(&variables);
        assert!(said.starts_with(expected), "{said}\nin place of\n{expected}");
    }
}
