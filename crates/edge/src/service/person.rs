//! What a user of the app is told of a service: what they can do about it, and no more than is theirs to know.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use crate::config::services::ServiceConfig;
use crate::provider::Renewal;

/// What any of its users may see of a status. The rest is an operator's: who calls, what is set, what was tried.
const SHOWN: [&str; 14] = [
    "service",
    "provider",
    "title",
    "status",
    "active",
    "valid",
    "expires_at",
    "expires_in",
    "time_left",
    "need",
    "login_from",
    "push_until",
    "on_fallback",
    "server_time",
];

/// What can be done about a service that needs a person, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// What this user can do, best first: `approval`, `popup`, `paste`. Nothing for who may not.
    pub how: Vec<&'static str>,
    /// Where the login begins, if it can be begun in a popup.
    pub login_url: Option<String>,
    /// Whether it is this user who has to act.
    pub is_theirs: bool,
}

impl Help {
    /// For a user, who may be an operator.
    #[must_use]
    pub fn of(config: &ServiceConfig, is_operator: bool) -> Self {
        let has = |is: fn(&Renewal) -> bool| config.description.renewals.iter().any(is);
        let ways = [
            ("approval", config.push && has(|renewal| matches!(renewal, Renewal::PushApproval(_)))),
            ("popup", config.logs_in()),
            // Where tokens are renewed, what is handed in is the refresh token.
            ("paste", config.takes_refresh_token() || has(|renewal| matches!(renewal, Renewal::Paste))),
        ];
        let how: Vec<&str> =
            ways.into_iter().filter(|(_, can)| *can && is_operator).map(|(way, _)| way).collect();
        let login_url =
            how.contains(&"popup").then(|| ["/service/", config.name.as_str(), "/login"].concat());
        Self { is_theirs: !how.is_empty(), how, login_url }
    }

    /// Who has to act, in a word.
    #[must_use]
    pub const fn who(&self) -> &'static str {
        if self.is_theirs { "you" } else { "operator" }
    }

    /// That, and what to do, in a sentence or two.
    #[must_use]
    pub fn says(&self, config: &ServiceConfig) -> String {
        let title = config.description.title;
        let rest = match self.how.first() {
            None => {
                " needs somebody who may log in there. They were told, and your work goes on when they have."
            }
            Some(&"approval") => {
                " needs you to say yes on the telephone, or to log in. Your work goes on after that."
            }
            Some(&"popup") => " needs you to log in. Your work goes on after that.",
            Some(_) => " needs a new token from you. Your work goes on after that.",
        };
        [title, rest].concat()
    }

    fn members(&self) -> [(&'static str, Value); 3] {
        [("how", json!(self.how)), ("login_url", json!(self.login_url)), ("who", self.who().into())]
    }
}

/// A [status](super::status::told) as a user gets it: an operator the whole of it, the others what is theirs.
#[must_use]
pub fn status(config: &ServiceConfig, told: Value, is_operator: bool) -> Value {
    let Value::Object(mut told) = told else { return told };
    if !is_operator {
        // Whether it is renewed, as nobody is to be warned of an end that does not come. Why it is not can be about the operator's own.
        let possible = told.get("automatic").and_then(|automatic| automatic.get("possible")).cloned();
        told = told.into_iter().filter(|(name, _)| SHOWN.contains(&name.as_str())).collect();
        told.extend(possible.map(|possible| (String::from("automatic"), json!({ "possible": possible }))));
    }
    let warn_at: Vec<u64> = config.warn_at.iter().map(|left| left.as_millis() / 1_000).collect();
    let own =
        [("vault", Value::from(["service:", config.name.as_str()].concat())), ("warn_at", json!(warn_at))];
    let members = own.into_iter().chain(Help::of(config, is_operator).members());
    told.extend(members.map(|(name, value)| (String::from(name), value)));
    Value::Object(told)
}

/// Since when a person is needed, from when a login helps, and until when a person who was asked by the provider may answer, in a status.
#[must_use]
pub fn times(told: &Value) -> [Option<u64>; 3] {
    let none = Map::new();
    let told = told.as_object().unwrap_or(&none);
    let at = |name: &str| told.get(name).and_then(Value::as_u64);
    let since = told.get("need").and_then(|need| need.get("since")).and_then(Value::as_u64);
    [since, at("login_from"), at("push_until")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;
    use crate::config::services::ServicesConfig;

    fn config(table: &str) -> ServiceConfig {
        let variables = Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("SERVICE_DESK", table)
            .secret("SECRET_SESSION_KEY")
            .secret("SECRET_DESK_CLIENT_SECRET");
        ServicesConfig::parse(&variables).unwrap().service("desk").unwrap().clone()
    }

    #[test]
    fn an_operator_is_told_every_way_and_the_others_none() {
        for (table, how, says) in [
            (
                r#"{"provider":"upstox","client_id":"a"}"#,
                &["approval", "popup", "paste"][..],
                "on the telephone",
            ),
            (r#"{"provider":"upstox","client_id":"a","push":false}"#, &["popup", "paste"], "you to log in"),
            (
                r#"{"provider":"breeze","client_id":"a","account":"AB1234"}"#,
                &["popup", "paste"],
                "ICICI Direct Breeze needs you to log in",
            ),
            (
                r#"{"provider":"kite","client_id":"a","account":"AB1234"}"#,
                &["popup", "paste"],
                "you to log in",
            ),
            (
                r#"{"provider":"oidc","client_id":"a","token_url":"https://as.example/t"}"#,
                &["paste"],
                "a new token from you",
            ),
            (
                r#"{"provider":"oidc","client_id":"a","token_url":"https://as.example/t","grant":"client_credentials"}"#,
                &[],
                "somebody who may log in",
            ),
        ] {
            let config = config(table);
            let (operator, other) = (Help::of(&config, true), Help::of(&config, false));
            assert_eq!(operator.how, how, "{table}");
            assert!(operator.says(&config).contains(says), "{}", operator.says(&config));
            assert_eq!(operator.who(), if how.is_empty() { "operator" } else { "you" });
            let login_url = how.contains(&"popup").then_some("/service/desk/login");
            assert_eq!(operator.login_url.as_deref(), login_url, "{table}");
            assert_eq!((other.how.len(), &other.login_url, other.who()), (0, &None, "operator"));
            assert!(other.says(&config).contains("They were told"));
        }
    }

    #[test]
    fn a_user_sees_what_is_theirs_and_an_operator_all() {
        let config =
            config(r#"{"provider":"breeze","client_id":"a","account":"AB1234","warn_at":["3h","1h"]}"#);
        let told = json!({
            "service": "desk", "valid": false, "callers": [{ "name": "reports" }], "need": { "since": 7 }, "push_until": 9,
            "automatic": { "possible": false, "reason": "closed", "why": "The provider refuses the app, not you." },
        });
        assert_eq!(times(&told), [Some(7), None, Some(9)]);
        assert_eq!(times(&Value::Null), [None; 3]);
        let user = status(&config, told.clone(), false);
        assert_eq!(
            user,
            json!({
                "service": "desk", "valid": false, "need": { "since": 7 }, "push_until": 9, "vault": "service:desk",
                "warn_at": [10_800, 3_600], "how": [], "login_url": null, "who": "operator", "automatic": { "possible": false },
            })
        );
        let operator = status(&config, told, true);
        assert_eq!((&operator["callers"][0]["name"], &operator["who"]), (&json!("reports"), &json!("you")));
        assert_eq!(operator["login_url"], "/service/desk/login");
    }
}
