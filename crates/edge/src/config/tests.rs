//! What a configuration means, and how its errors read.

use alloc::format;
use alloc::string::ToString as _;

use everlit_core::time::Millis;

use super::*;
use crate::oidc::ProviderMetadata;
use crate::provider::{GraceProfile, KeepGrant, RefreshGrant, servers};
use crate::silent::Way;
use crate::url::Origin;

mod upstream;

fn good() -> Variables {
    Variables::new()
        .text("ORIGINS", r#"["https://app.example", "http://localhost:8787"]"#)
        .text("PROVIDER_DEMO", r#"{"kind": "oidc", "issuer": "https://as.example/t", "client_id": "app"}"#)
        .secret("SECRET_SESSION_KEY")
        .secret("SECRET_DEMO_CLIENT_SECRET")
}

/// The errors as `variable.field`, with their kind.
fn errors(variables: &Variables) -> Vec<(String, ConfigErrorKind)> {
    let name = |error: ConfigError| {
        let name =
            error.field.map_or_else(|| error.variable.clone(), |field| format!("{}.{field}", error.variable));
        (name, error.kind)
    };
    Config::parse(variables).err().unwrap_or_default().into_iter().map(name).collect()
}

fn names(variables: &Variables) -> Vec<String> {
    errors(variables).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_small_configuration_gets_good_defaults() {
    let config = Config::parse(&good()).unwrap();
    assert_eq!(config.limits, Limits::default());
    let provider = config.login_provider();
    assert_eq!((provider.name.as_str(), provider.client_auth), ("demo", ClientAuth::SecretBasic));
    assert_eq!(provider.scopes, ["openid", "offline_access"]);
    assert_eq!(provider.prompt, "consent", "without it a provider may ignore offline_access");
    assert_eq!(provider.credential_name(), "SECRET_DEMO_CLIENT_SECRET");
    assert_eq!(provider.redirect_uri(&config.origins), "https://app.example/auth/callback/demo");
    assert!(config.origins.contains("http://localhost:8787") && !config.origins.contains("http://localhost"));
    assert!(config.upstreams().is_empty());
}

#[test]
fn another_host_of_ours_leads_to_the_canonical_one() {
    let config = Config::parse(&good()).unwrap();
    let instead = |host| config.origins.instead_of(host).map(Origin::as_str);
    assert_eq!(instead("localhost:8787"), Some("https://app.example"));
    for host in ["app.example", "localhost", "evil.example", ""] {
        assert_eq!(instead(host), None, "{host}");
    }
    // One host by two schemes shares its cookies; and what ends TLS in front of us may hide which one was called.
    let both = good().text("ORIGINS", r#"["https://localhost:8787", "http://localhost:8787"]"#);
    assert_eq!(Config::parse(&both).unwrap().origins.instead_of("localhost:8787"), None);
}

#[test]
fn no_other_provider_is_the_one_of_the_login() {
    let variables = good()
        .text(
            "PROVIDER_DEMO",
            r#"{"kind": "oidc", "issuer": "https://as.example", "client_id": "a", "login": true}"#,
        )
        .text("PROVIDER_B", r#"{"kind": "oidc", "issuer": "https://b.example", "client_id": "b"}"#)
        .secret("SECRET_B_CLIENT_SECRET");
    let config = Config::parse(&variables).unwrap();
    assert_eq!(config.login_provider_named("demo"), Some(config.login_provider()));
    assert_eq!(config.login_provider_named("b"), None);
    assert_eq!(config.linked_provider_named("b"), config.provider("b"));
    assert_eq!((config.linked_provider_named("demo"), config.linked_provider_named("c")), (None, None));
    assert!(config.provider("b").is_some());
}

#[test]
fn everything_can_be_set() {
    let variables = good()
        .text("LIMITS", r#"{"idle": "30m", "absolute": "12h"}"#)
        .text(
            "PROVIDER_DEMO",
            r#"{"kind": "oidc", "issuer": "http://127.0.0.1:9000", "client_id": "x y", "scopes": ["openid"],
                "client_auth": "client_secret_post", "login": true, "prompt": "login", "parameters": {"audience": "api"}}"#,
        )
        .text("UPSTREAM_MY_API", r#"{"origin": "https://api.example", "path": "/v1/", "methods": ["PUT"], "mode": "bff", "vault": "login"}"#)
        .text("APP_OWN", "anything");
    let config = Config::parse(&variables).unwrap();
    assert_eq!(
        config.limits,
        Limits { idle: Millis::from_secs(1_800), absolute: Millis::from_secs(43_200), ..Limits::default() }
    );
    let provider = config.provider("demo").unwrap();
    assert_eq!((provider.client_auth, provider.prompt.as_str()), (ClientAuth::SecretPost, "login"));
    assert_eq!(provider.parameters, [("audience".to_string(), "api".to_string())]);
    let upstream = config.upstream("my_api").unwrap();
    assert_eq!((upstream.path.as_str(), upstream.allow().as_str()), ("/v1", "PUT"));
    assert!(config.upstream("MY_API").is_none());
}

#[test]
fn prompt_is_sent_only_where_it_is_needed() {
    let prompt = |fields: &str| {
        let provider =
            format!(r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app"{fields}}}"#);
        Config::parse(&good().text("PROVIDER_DEMO", &provider)).unwrap().login_provider().prompt.clone()
    };
    assert_eq!(prompt(r#","scopes":["openid"]"#), "");
    assert_eq!(prompt(r#","prompt":"""#), "");
    assert_eq!(prompt(""), "consent");
}

#[test]
fn an_app_beside_the_worker_is_of_its_site_and_named_once() {
    let with = |ours: &str, apps: &str| {
        errors(&good().text("ORIGINS", &format!(r#"["{ours}"]"#)).text("APP_ORIGINS", apps))
    };
    for (ours, apps) in [
        (
            "https://auth.example.com",
            r#"["https://app.example.com", "https://example.com", "https://a.b.example.com:8443"]"#,
        ),
        ("https://example.com", r#"["https://app.example.com"]"#),
        ("http://auth.everlit.localhost:8787", r#"["http://app.everlit.localhost:5173"]"#),
        ("http://localhost:8787", r#"["http://localhost:5173"]"#),
        ("https://auth.example.co.uk", r#"["https://app.example.co.uk"]"#),
        ("http://127.0.0.1:8787", r#"["http://127.0.0.1:5173"]"#),
    ] {
        assert_eq!(with(ours, apps), [], "{ours} {apps}");
    }
    let meaning = [("APP_ORIGINS".to_string(), ConfigErrorKind::Meaning)];
    for (ours, apps) in [
        ("https://auth.example.com", r#"["https://app.example.org"]"#),
        ("https://auth.example.com", r#"["https://app.example.com", "https://other.example"]"#),
        // The same site has the same scheme.
        ("https://auth.everlit.localhost", r#"["http://app.everlit.localhost"]"#),
        ("http://auth.localhost", r#"["http://app.localhost"]"#),
        // Each address is a site.
        ("https://192.0.2.1", r#"["https://198.51.2.1"]"#),
        ("http://127.0.0.1:8787", r#"["http://127.1.0.1:5173"]"#),
        ("https://auth.example.com", r#"["https://auth.example.com"]"#),
    ] {
        assert_eq!(with(ours, apps), meaning, "{ours} {apps}");
    }
    let error = Config::parse(&good().text("APP_ORIGINS", r#"["https://app.other.example"]"#)).unwrap_err();
    assert_eq!(
        error[0].to_string(),
        "APP_ORIGINS: is of another site than the Worker, or is one of its own origins; expected a list of one to eight origins of the same site as the first of ORIGINS, none of which is in ORIGINS, such as [\"https://app.example.com\"] beside \"https://auth.example.com\""
    );
    let config = Config::parse(&good()).unwrap();
    assert_eq!((config.origins.apps(), config.origins.app("https://app.example")), ([].as_slice(), None));
}

#[test]
fn several_providers_need_one_that_is_marked() {
    let second = |login: &str| {
        let provider = format!(r#"{{"kind":"oidc","issuer":"https://b.example","client_id":"b"{login}}}"#);
        good().text("PROVIDER_B", &provider).secret("SECRET_B_CLIENT_SECRET")
    };
    assert_eq!(Config::parse(&second(r#","login":true"#)).unwrap().login_provider().name, "b");
    let missing = [("PROVIDER_<NAME>.login".to_string(), ConfigErrorKind::Meaning)];
    assert_eq!(errors(&second("")), missing);
    let both = second(r#","login":true"#).text(
        "PROVIDER_DEMO",
        r#"{"kind":"oidc","issuer":"https://as.example","client_id":"a","login":true}"#,
    );
    assert_eq!(errors(&both), missing);
}

#[test]
fn missing_secrets_are_named_with_the_command_that_sets_them() {
    let variables = Variables::new()
        .text("ORIGINS", r#"["https://app.example"]"#)
        .text("PROVIDER_MY_IDP", r#"{"kind": "oidc", "issuer": "https://as.example", "client_id": "app"}"#);
    assert_eq!(names(&variables), ["SECRET_SESSION_KEY", "SECRET_MY_IDP_CLIENT_SECRET"]);
    let shown = Config::parse(&variables).unwrap_err()[1].to_string();
    assert!(shown.contains("wrangler secret put SECRET_MY_IDP_CLIENT_SECRET"), "{shown}");
}

#[test]
fn a_key_takes_the_place_of_the_client_secret() {
    let provider = |more: &str| {
        format!(
            r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app","client_auth":"private_key_jwt"{more}}}"#
        )
    };
    let variables = good().text("PROVIDER_DEMO", &provider(""));
    assert_eq!(names(&variables), ["SECRET_DEMO_CLIENT_KEY"], "a secret that is set is not what it needs");
    let variables = variables.secret("SECRET_DEMO_CLIENT_KEY");
    let audience = |variables: &Variables| {
        let config = Config::parse(variables).unwrap();
        (config.login_provider().client_auth, config.login_provider().assertion_audience)
    };
    assert_eq!(audience(&variables), (ClientAuth::PrivateKeyJwt, Audience::Issuer));
    let other = variables.text("PROVIDER_DEMO", &provider(r#","assertion_audience":"token_endpoint""#));
    assert_eq!(audience(&other), (ClientAuth::PrivateKeyJwt, Audience::TokenEndpoint));
}

#[test]
fn authorization_requests_are_pushed_where_both_sides_want_it() {
    let metadata = |more: &str| {
        let document = format!(
            r#"{{"issuer":"https://as.example","authorization_endpoint":"https://as.example/a","token_endpoint":"https://as.example/t","jwks_uri":"https://as.example/k"{more}}}"#
        );
        ProviderMetadata::parse(document.as_bytes(), "https://as.example").unwrap()
    };
    let offered = r#","pushed_authorization_request_endpoint":"https://as.example/par""#;
    let required = r#","require_pushed_authorization_requests":true"#;
    let both = [offered, required].concat();
    for (par, metadata_says, expected) in [
        ("where_offered", "", Ok(false)),
        ("where_offered", offered, Ok(true)),
        ("where_offered", &both, Ok(true)),
        ("where_offered", required, Err(())),
        ("required", "", Err(())),
        ("required", offered, Ok(true)),
        ("never", offered, Ok(false)),
        ("never", "", Ok(false)),
        ("never", &both, Err(())),
    ] {
        let provider =
            format!(r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app","par":"{par}"}}"#);
        let config = Config::parse(&good().text("PROVIDER_DEMO", &provider)).unwrap();
        let metadata = metadata(metadata_says);
        let pushed = config.login_provider().push_to(&metadata);
        assert_eq!(pushed.map(|to| to.is_some()).map_err(|_| ()), expected, "{par} {metadata_says}");
    }
}

#[test]
fn what_a_provider_forgives_can_be_set() {
    let grant = |fields: &str| {
        let provider =
            format!(r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app"{fields}}}"#);
        let config = Config::parse(&good().text("PROVIDER_DEMO", &provider)).unwrap();
        config.login_provider().provider.refresh_grant()
    };
    let careful = RefreshGrant {
        grace: GraceProfile::STRICT,
        idle: None,
        keep: KeepGrant::UntilIdleLimit,
        shared: true,
        ends_tokens: false,
    };
    assert_eq!(grant(""), careful);
    let set = grant(r#","grace":"entra","grant_idle":"30d","keep_grant":"never","grants":"per_login""#);
    let grace = servers::named("entra").unwrap().grace;
    assert_eq!(
        set,
        RefreshGrant {
            grace,
            idle: Some(Millis::from_days(30)),
            keep: KeepGrant::Never,
            shared: false,
            ends_tokens: false
        }
    );
    assert_eq!(grant(r#","keep_grant":"until_idle_limit","grants":"shared""#), careful);
}

#[test]
fn a_vault_works_by_what_is_configured() {
    let fields = r#""grace":"workos","grant_idle":"7d","keep_grant":"never","grants":"per_login","refresh_ends_tokens":true"#;
    let provider = format!(r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app",{fields}}}"#);
    let variables =
        good().text("PROVIDER_DEMO", &provider).text("LIMITS", r#"{"idle":"30m","absolute":"12h"}"#);
    let config = Config::parse(&variables).unwrap();
    let policy = Policy {
        idle_limit: Millis::from_secs(1_800),
        absolute_limit: Millis::from_secs(43_200),
        grace: servers::named("workos").unwrap().grace,
        grant_idle: Some(Millis::from_days(7)),
        keep_grant: KeepGrant::Never,
        shared_grant: false,
        refresh_ends_tokens: true,
        ..Policy::default()
    };
    assert_eq!(config.policy(config.login_provider()), policy);
    let plain = Config::parse(&good()).unwrap();
    assert_eq!(plain.policy(plain.login_provider()), Policy::default(), "both have the same defaults");
}

#[test]
fn a_grace_that_means_nothing_is_refused() {
    let found = |fields: &str| {
        let provider =
            format!(r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app",{fields}}}"#);
        names(&good().text("PROVIDER_DEMO", &provider))
    };
    assert_eq!(found(r#""grace":{"window":"30s"}"#), ["PROVIDER_DEMO.grace"]);
    assert_eq!(found(r#""grace":{"profile":"oidc-provider","window":"unlimited"}"#), ["PROVIDER_DEMO.grace"]);
    assert_eq!(found(r#""grace":{"profile":"auth0","window":"30s"}"#), [""; 0]);
    assert_eq!(found(r#""grant_idle":"9s""#), ["PROVIDER_DEMO.grant_idle"]);
    assert_eq!(found(r#""grant_idle":"10s""#), [""; 0]);
}

#[test]
fn any_version_of_the_session_key_will_do() {
    let with = |keys: &[&str]| {
        let variables = Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("PROVIDER_DEMO", r#"{"kind": "oidc", "issuer": "https://as.example", "client_id": "app"}"#)
            .secret("SECRET_DEMO_CLIENT_SECRET");
        names(&keys.iter().fold(variables, |variables, key| variables.secret(key)))
    };
    assert_eq!(with(&["SECRET_SESSION_KEY"]), [""; 0]);
    assert_eq!(with(&["SECRET_SESSION_KEY", "SECRET_SESSION_KEY_2"]), [""; 0]);
    assert_eq!(with(&["SECRET_SESSION_KEY_255"]), [""; 0]);
    assert_eq!(with(&["SECRET_SESSION_KEYS"]), ["SECRET_SESSION_KEY"]);
    assert_eq!(with(&["SECRET_SESSION_KEY", "SECRET_SESSION_KEY_256"]), ["SECRET_SESSION_KEY_256"]);
    assert_eq!(with(&["SECRET_SESSION_KEY_1"]), ["SECRET_SESSION_KEY", "SECRET_SESSION_KEY_1"]);
}

#[test]
fn what_belongs_to_the_services_worker_is_said() {
    for (name, value, field) in [
        (
            "UPSTREAM_A",
            r#"{"origin":"https://a.example","vault":"service:desk","mode":"mediating"}"#,
            "UPSTREAM_A.mode",
        ),
        ("SERVICE_DESK", "{}", "SERVICE_DESK"),
        ("ALERT_CHAT", "{}", "ALERT_CHAT"),
    ] {
        let found = Config::parse(&good().text(name, value)).unwrap_err();
        assert_eq!(names(&good().text(name, value)), [field]);
        assert!(found[0].problem.contains("the services Worker"), "{}", found[0]);
        assert!(Variables::is_variable_name(name));
    }
}

/// A configuration with an upstream that the browser calls by itself.
#[test]
fn a_server_that_keeps_one_token_is_known_by_its_profile() {
    let ends = |fields: &str| {
        let provider =
            format!(r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app"{fields}}}"#);
        let config = Config::parse(&good().text("PROVIDER_DEMO", &provider)).unwrap();
        config.policy(config.login_provider()).refresh_ends_tokens
    };
    for (fields, expected) in [
        ("", false),
        (r#","grace":"okta""#, false),
        (r#","grace":"django-oauth-toolkit""#, true),
        (r#","grace":{"profile":"django-oauth-toolkit","window":"30s"}"#, true),
        (r#","grace":"django-oauth-toolkit","refresh_ends_tokens":false"#, false),
        (r#","refresh_ends_tokens":true"#, true),
    ] {
        assert_eq!(ends(fields), expected, "{fields}");
    }
    assert!(servers::ONE_TOKEN.iter().all(|name| servers::named(name).is_some()));
}

#[test]
fn limits_must_fit_each_other() {
    assert_eq!(names(&good().text("LIMITS", r#"{"idle":"2d","absolute":"1d"}"#)), ["LIMITS.idle"]);
    assert!(Config::parse(&good().text("LIMITS", r#"{"idle":"1d","absolute":"24h"}"#)).is_ok());
}

#[test]
fn all_errors_are_found_at_once_and_each_names_its_field() {
    let variables = Variables::new()
        .text("ORIGINS", "https://app.example")
        .text("LIMITS", r#"{"idle": 14, "absolut": "90d"}"#)
        .text("PROVIDER_DEMO", r#"{"kind": "saml", "issuer": "as.example", "scope": "openid"}"#)
        .text("UPSTREAM_orders", r#"{"origin":"https://a.example"}"#)
        .text("PROVIDERS", "{}");
    assert_eq!(
        names(&variables),
        [
            "ORIGINS",
            "LIMITS.absolut",
            "LIMITS.idle",
            "PROVIDERS",
            "PROVIDER_DEMO.scope",
            "PROVIDER_DEMO.kind",
            "PROVIDER_DEMO.issuer",
            "PROVIDER_DEMO.client_id",
            "UPSTREAM_orders"
        ]
    );
    assert!(errors(&variables).iter().all(|(_, kind)| *kind == ConfigErrorKind::Shape));
}

#[test]
fn nothing_at_all_is_said_so() {
    assert_eq!(names(&Variables::new()), ["ORIGINS", "PROVIDER_<NAME>"]);
}

#[test]
fn an_error_reads_as_a_sentence_and_never_shows_a_value() {
    let variables = good().text(
        "PROVIDER_DEMO",
        r#"{"kind":"oidc","issuer":"canary-1","client_id":["canary-2"],"canary":"canary-3"}"#,
    );
    for error in Config::parse(&variables).unwrap_err() {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary-"), "{shown}");
        assert!(error.to_string().contains(": ") && error.to_string().contains("; expected "), "{error}");
    }
    let first = Config::parse(&good().text("LIMITS", r#"{"idle":"soon"}"#)).unwrap_err().remove(0);
    assert_eq!(
        first.to_string(),
        "LIMITS.idle: is not what it should be; expected a duration: a whole number from 1 to 99999 and a unit, such as \"90s\", \"45m\", \"12h\" or \"14d\""
    );
}

#[test]
fn a_table_may_come_as_text_in_text() {
    let inner = r#"{"idle":"1d"}"#;
    let as_text = serde_json::Value::String(inner.to_string());
    assert_eq!(Config::parse(&good().json("LIMITS", as_text)).unwrap().limits.idle, Millis::from_days(1));
    let twice = serde_json::Value::String(inner.to_string()).to_string();
    assert_eq!(Config::parse(&good().text("LIMITS", &twice)).unwrap().limits.idle, Millis::from_days(1));
}

#[test]
fn names_of_ours_are_told_from_others() {
    for name in ["ORIGINS", "ORIGIN", "LIMITS", "PROVIDER_X", "PROVIDERS_X", "UPSTREAM_X", "PROVIDER_"] {
        assert!(Variables::is_variable_name(name), "{name}");
    }
    for name in ["SESSION_VAULT", "ASSETS", "MY_PROVIDER_X", "origins", "SECRET_SESSION_KEY"] {
        assert!(!Variables::is_variable_name(name), "{name}");
    }
    assert!(Variables::is_secret_name("SECRET_X") && !Variables::is_secret_name("PROVIDER_SECRET"));
}

#[test]
fn a_frame_is_a_way_only_for_neighbours_unless_the_deployment_says_so() {
    let ways = |origin: &str, issuer: &str, more: &str| {
        let provider = format!(r#"{{"kind":"oidc","issuer":"{issuer}","client_id":"app"{more}}}"#);
        let variables = good().text("ORIGINS", &format!(r#"["{origin}"]"#)).text("PROVIDER_DEMO", &provider);
        let config = Config::parse(&variables).unwrap();
        config.login_provider().silent_ways(&config.origins)
    };
    let apart = [Way::Popup, Way::Redirect];
    for (origin, issuer, near) in [
        ("https://app.example", "https://app.example/as", true),
        ("https://app.example", "https://app.example:8443", true),
        ("http://localhost:8787", "http://localhost:9000", true),
        ("http://[::1]:8787", "http://[::1]:9000", true),
        // Of one site only if nobody else may have names under it.
        ("https://app.example", "https://login.app.example", false),
        ("https://app.example", "https://as.example", false),
        ("http://localhost:8787", "https://localhost:9000", false),
        ("http://localhost:8787", "http://127.0.0.1:9000", false),
    ] {
        let expected = if near { Way::ALL.to_vec() } else { apart.to_vec() };
        assert_eq!(ways(origin, issuer, ""), expected, "{origin} {issuer}");
    }
    let far = |more| ways("https://app.example", "https://as.example", more);
    assert_eq!(far(r#","silent":["redirect","frame"]"#), [Way::Frame, Way::Redirect]);
    assert_eq!(far(r#","silent":[]"#), []);
    assert_eq!(ways("https://app.example", "https://app.example", r#","silent":["popup"]"#), [Way::Popup]);
}

#[test]
fn a_supabase_project_is_a_provider_with_a_key_of_its_own() {
    let variables = |provider: &str| {
        Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("PROVIDER_SHOP", provider)
            .secret("SECRET_SESSION_KEY")
    };
    let project = variables(r#"{"kind": "supabase", "url": "https://x.supabase.co/", "form": ["password"]}"#);
    assert_eq!(names(&project), ["SECRET_SHOP_API_KEY"]);
    let config = Config::parse(&project.secret("SECRET_SHOP_API_KEY")).unwrap();
    let shop = config.login_provider();
    assert_eq!(shop.issuer, "https://x.supabase.co/auth/v1");
    assert!(shop.silent_ways(&config.origins).is_empty(), "nobody is asked there without being seen");
    let policy = config.policy(shop);
    assert!(!policy.shared_grant && policy.grace == crate::provider::supabase::GRACE);
    // It has no scopes, so no browser is handed a token of it.
    let upstream = r#"{"origin": "https://api.example", "mode": "mediating", "scopes": ["orders:read"]}"#;
    let mediating =
        variables(r#"{"kind": "supabase", "url": "https://x.supabase.co", "provider": "google"}"#)
            .secret("SECRET_SHOP_API_KEY")
            .text("UPSTREAM_ORDERS", upstream);
    assert_eq!(names(&mediating), ["UPSTREAM_ORDERS.scopes"]);
    // A form is of the login, and of no further account.
    let linked = good()
        .text(
            "PROVIDER_DEMO",
            r#"{"kind": "oidc", "issuer": "https://as.example", "client_id": "app", "login": true}"#,
        )
        .text(
            "PROVIDER_SHOP",
            r#"{"kind": "supabase", "url": "https://x.supabase.co", "form": ["password"]}"#,
        )
        .secret("SECRET_SHOP_API_KEY");
    assert_eq!(names(&linked), ["PROVIDER_SHOP.provider"]);
}
