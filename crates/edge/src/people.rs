//! Whose call it is: what the edge Worker says to the services Worker about somebody with a session.
//!
//! It is neither signed nor sealed. It goes over a binding to an entrypoint that no route leads to, so that whatever arrives there was
//! said by a Worker of the operator's own; from anywhere else nothing of this name is heard ([`USER_HEADER`]).

use alloc::string::{String, ToString as _};

use serde_json::{Map, Value, json};

use crate::base64url;

/// The header that it stands in. The edge Worker hands none on that it has not written, and the services Worker's public side refuses one.
pub const USER_HEADER: &str = "everlit-user";

/// How a browser asks what is the services Worker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By a page of the app, in the name of a session: under the cross-site rule.
    ByPage,
    /// By going there: a page of the app has led it to a login.
    ByGoing,
    /// As somebody else: a provider, one whom it leads back, or one with a ticket. A session has no part in it.
    ByOthers,
}

impl Asked {
    /// What somebody asks who has a session, and shows no key.
    #[must_use]
    pub fn of(method: &str, path: &str, query: Option<&str>) -> Self {
        let rest = path.strip_prefix("/service/").and_then(|path| path.split_once('/')).map(|(_, rest)| rest);
        let Some(rest) = rest else { return Self::ByPage };
        let has_ticket =
            query.is_some_and(|query| query.split('&').any(|pair| pair.split('=').next() == Some("ticket")));
        match rest {
            "callback" => Self::ByOthers,
            "login" if method == "GET" && has_ticket => Self::ByOthers,
            "login" if method == "GET" => Self::ByGoing,
            _ if rest.starts_with("notify/") => Self::ByOthers,
            _ => Self::ByPage,
        }
    }
}

/// The longest that is read: claims are cut to a few hundred letters each where they come in.
const MAX_STATEMENT: usize = 8 * 1_024;

/// Somebody whose session is active.
#[derive(Clone, PartialEq, Eq)]
pub struct Statement {
    /// The name of the login's provider in the edge Worker's configuration.
    pub provider: String,
    /// The subject, unique at that provider.
    pub sub: String,
    /// The e-mail address, only where the authorization server says that it is the user's own.
    pub email: Option<String>,
    /// For display.
    pub name: Option<String>,
}

// Said by hand: it is about a person.
impl core::fmt::Debug for Statement {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Statement")
    }
}

impl Statement {
    /// The value of the header.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut members = Map::new();
        members.insert("v".to_string(), json!(1));
        for (name, value) in [("provider", Some(&self.provider)), ("sub", Some(&self.sub))]
            .into_iter()
            .chain([("email", self.email.as_ref()), ("name", self.name.as_ref())])
        {
            if let Some(value) = value {
                members.insert(name.to_string(), Value::from(value.as_str()));
            }
        }
        base64url::encode(Value::Object(members).to_string().as_bytes())
    }

    /// Reads one. What a later edge Worker may add is not looked at; of another version nothing is believed.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        if value.len() > MAX_STATEMENT {
            return None;
        }
        let members: Value = serde_json::from_slice(&base64url::decode(value)?).ok()?;
        if members.get("v")?.as_u64()? != 1 {
            return None;
        }
        let text = |name: &str| match members.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|text| Some(text.to_string())),
        };
        let needed = |name: &str| text(name)?.filter(|text| !text.is_empty());
        Some(Self {
            provider: needed("provider")?,
            sub: needed("sub")?,
            email: text("email")?,
            name: text("name")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard_and_fits_into_a_header() {
        for email in [Some("ada@example.com"), None] {
            let said = Statement {
                provider: "main".into(),
                sub: "ada|1".into(),
                email: email.map(str::to_string),
                name: Some("Ada Löwe".into()),
            };
            let value = said.encode();
            assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert_eq!(Statement::parse(&value), Some(said));
        }
    }

    #[test]
    fn a_session_has_a_part_in_all_but_the_ways_of_others() {
        for (method, path, query, expected) in [
            ("GET", "/service", None, Asked::ByPage),
            ("GET", "/service/breeze/status", None, Asked::ByPage),
            ("PUT", "/service/breeze/credential", None, Asked::ByPage),
            ("POST", "/service/breeze/token", None, Asked::ByPage),
            ("POST", "/service/breeze/login", None, Asked::ByPage),
            ("GET", "/service/breeze/login", None, Asked::ByGoing),
            ("GET", "/service/breeze/login", Some(""), Asked::ByGoing),
            ("GET", "/service/breeze/login", Some("x=ticket"), Asked::ByGoing),
            ("GET", "/service/breeze/login", Some("x=1&ticket=abc"), Asked::ByOthers),
            ("GET", "/service/breeze/callback", Some("apisession=1"), Asked::ByOthers),
            ("POST", "/service/breeze/callback", None, Asked::ByOthers),
            ("POST", "/service/upstox/notify/abc", None, Asked::ByOthers),
            ("GET", "/service/upstox/callback/x", None, Asked::ByPage),
            ("GET", "/service/notify/x", None, Asked::ByPage),
        ] {
            assert_eq!(Asked::of(method, path, query), expected, "{method} {path} {query:?}");
        }
    }

    #[test]
    fn what_is_no_statement_is_nobody() {
        let encode = |text: &str| base64url::encode(text.as_bytes());
        for value in [
            String::new(),
            "ada".to_string(),
            encode("ada"),
            encode("[]"),
            encode(r#"{"provider":"main","sub":"ada"}"#),
            encode(r#"{"v":2,"provider":"main","sub":"ada"}"#),
            encode(r#"{"v":"1","provider":"main","sub":"ada"}"#),
            encode(r#"{"v":1,"sub":"ada"}"#),
            encode(r#"{"v":1,"provider":"main","sub":""}"#),
            encode(r#"{"v":1,"provider":"main","sub":7}"#),
            encode(r#"{"v":1,"provider":"main","sub":"ada","email":null}"#),
            [encode(r#"{"v":1,"provider":"main","sub":"ada"}"#), "=".to_string()].concat(),
            encode(
                &[r#"{"v":1,"provider":"main","sub":"ada","name":""#, &"a".repeat(9_000), r#""}"#].concat(),
            ),
        ] {
            assert_eq!(Statement::parse(&value), None, "{value}");
        }
        assert!(Statement::parse(&encode(r#"{"v":1,"provider":"main","sub":"ada","later":1}"#)).is_some());
    }
}
