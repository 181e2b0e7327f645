//! Upstreams: whose they are, and what a page is handed a token for.

use super::*;

#[test]
fn an_upstream_may_belong_to_another_provider_than_the_login_and_to_no_other_name() {
    let with = |vault: &str| {
        let upstream = alloc::format!(r#"{{"origin":"https://a.example","vault":"{vault}"}}"#);
        good()
            .text(
                "PROVIDER_DEMO",
                r#"{"kind": "oidc", "issuer": "https://as.example", "client_id": "a", "login": true}"#,
            )
            .text("PROVIDER_B", r#"{"kind": "oidc", "issuer": "https://b.example", "client_id": "b"}"#)
            .secret("SECRET_B_CLIENT_SECRET")
            .text("UPSTREAM_A", &upstream)
    };
    let config = Config::parse(&with("linked:b")).unwrap();
    assert_eq!(config.upstream("a").unwrap().vault.to_string(), "linked:b");
    for refused in ["linked:demo", "linked:c"] {
        assert_eq!(names(&with(refused)), ["UPSTREAM_A.vault"], "{refused}");
    }
    // Or to an account of the operator's, which is configured at the other Worker.
    let config = Config::parse(&with("service:desk")).unwrap();
    assert_eq!(config.upstream("a").unwrap().vault, VaultName::Service("desk".into()));
    // The only provider is the login's, with or without a mark.
    let alone = good().text("UPSTREAM_A", r#"{"origin":"https://a.example","vault":"linked:demo"}"#);
    assert_eq!(names(&alone), ["UPSTREAM_A.vault"]);
}

fn mediating(upstream: &str, provider: &str) -> Variables {
    let provider = format!(
        r#"{{"kind":"oidc","issuer":"https://as.example","client_id":"app","scopes":["openid","offline_access","orders:read","orders:write"]{provider}}}"#
    );
    let upstream = format!(r#"{{"origin":"https://a.example","mode":"mediating"{upstream}}}"#);
    good().text("PROVIDER_DEMO", &provider).text("UPSTREAM_A", &upstream)
}

#[test]
fn what_a_browser_is_handed_a_token_for_is_said_and_is_a_part_of_the_login() {
    let scopes = r#","scopes":["orders:read"],"resource":"https://orders.example/v1?x""#;
    let config = Config::parse(&mediating(scopes, "")).unwrap();
    let wanted = config.upstream("a").unwrap().wanted.clone().unwrap();
    assert_eq!(
        (wanted.scope().as_str(), wanted.resource.as_deref()),
        ("orders:read", Some("https://orders.example/v1?x"))
    );
    assert_eq!(config.wanted(wanted.aim()), Some(&wanted));
    assert_eq!(config.wanted(Aim(1)), None);
    assert_eq!(config.login_provider().resources, ["https://orders.example/v1?x"], "a login asks for it");
    for (upstream, provider, field) in [
        ("", "", "scopes"),
        (r#","resource":"https://orders.example""#, "", "scopes"),
        (r#","scopes":["orders:read","openid"]"#, "", "scopes"),
        (r#","scopes":["offline_access"]"#, "", "scopes"),
        (r#","scopes":["orders:admin"]"#, "", "scopes"),
        (scopes, r#","dpop":"required""#, "mode"),
        (scopes, r#","grace":"django-oauth-toolkit""#, "mode"),
        (
            scopes,
            r#","grace":{"profile":"django-oauth-toolkit","window":"30s"},"refresh_ends_tokens":false"#,
            "mode",
        ),
    ] {
        let variables = mediating(upstream, provider);
        let expected = [(format!("UPSTREAM_A.{field}"), ConfigErrorKind::Meaning)];
        assert_eq!(errors(&variables), expected, "{upstream} {provider}");
    }
    for provider in [r#","dpop":"where_offered""#, r#","refresh_ends_tokens":true"#, r#","grace":"okta""#] {
        assert_eq!(names(&mediating(scopes, provider)), [""; 0], "{provider}");
    }
    for (field, name) in
        [(r#""scopes":["orders:read"]"#, "scopes"), (r#""resource":"https://o.example""#, "resource")]
    {
        let bff = format!(r#"{{"origin":"https://a.example",{field}}}"#);
        assert_eq!(names(&good().text("UPSTREAM_A", &bff)), [format!("UPSTREAM_A.{name}")]);
    }
}

#[test]
fn a_vault_serves_eight_upstreams_that_the_page_calls() {
    let many = |count| {
        (0..count).fold(good(), |variables, number| {
            let upstream = r#"{"origin":"https://a.example","mode":"mediating","scopes":["orders:read"]}"#;
            variables.text(&format!("UPSTREAM_U{number}"), upstream)
        })
    };
    let provider = r#"{"kind":"oidc","issuer":"https://as.example","client_id":"app","scopes":["openid","orders:read"]}"#;
    let found = |count| names(&many(count).text("PROVIDER_DEMO", provider));
    assert_eq!(found(8), [""; 0]);
    assert_eq!(found(10), ["UPSTREAM_U8.mode"], "one error says it");
}
