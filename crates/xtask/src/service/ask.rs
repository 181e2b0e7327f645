//! The services Worker, asked with a caller's key.

use anyhow::{Context as _, Result, bail};
use everlit_core::secret::Secret;
use everlit_edge::url::HttpUrl;
use serde_json::Value;
use std::io::Read as _;
use std::time::Duration;
use ureq::Agent;

/// A provider that is asked for proof takes its time.
const WAIT: Duration = Duration::from_secs(30);
/// No answer of the Worker's is longer.
const BODY_MAX: u64 = 256 * 1_024;
/// As the Worker wants it of every service key.
const KEY_MIN: usize = 32;

/// Where a service is, and who asks.
#[derive(Debug)]
pub(super) struct Door {
    base: String,
    key: Secret<String>,
    agent: Agent,
}

/// What the Worker said.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Said {
    /// A member of it that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// What went wrong, in its own words.
    pub(super) fn trouble(&self) -> String {
        let said = self.text("detail").or_else(|| self.text("title")).unwrap_or("it says no more");
        let code = self.text("code").unwrap_or("without a code");
        match (self.status, self.body.get("retry_after").and_then(Value::as_f64)) {
            (401, _) => format!(
                "the Worker does not know this key, or not for this service (401 {code}): it is the value of SECRET_CALLER_<NAME>_KEY, and CALLER_<NAME> names the service"
            ),
            (403, _) => format!(
                "this caller is no operator (403 {code}): operator = true in CALLER_<NAME> makes it one"
            ),
            (status, Some(wait)) => {
                format!("the Worker answered {status} {code}: {said} Ask again in {wait} s.")
            }
            (status, None) => format!("the Worker answered {status} {code}: {said}"),
        }
    }
}

impl Door {
    /// Checks where the key would go before anything does.
    pub(super) fn open(to: &str, name: &str, key_env: &str, key: Option<String>) -> Result<Self> {
        let Some(url) = HttpUrl::parse(to).filter(|url| url.query().is_none()) else {
            bail!(
                "--to {to:?} is no address of a Worker; expected https:// and its host, such as https://app.example.com (http:// on this machine only)"
            );
        };
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            bail!(
                "{name:?} is no name of a service; expected letters, digits, - and _, as in SERVICE_<NAME>"
            );
        }
        let key = key.with_context(|| format!("the environment has no {key_env}: set it to the service key of an operator, or name another variable with --key-env"))?;
        let key = key.trim();
        if key.len() < KEY_MIN || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!(
                "{key_env} is no service key: expected {KEY_MIN} characters or more without spaces, and it has {}",
                key.len()
            );
        }
        let local = url.origin().is_loopback();
        let agent = Agent::config_builder()
            .timeout_global(Some(WAIT))
            .http_status_as_error(false)
            // The key is for this address, and for no other.
            .max_redirects(0)
            .user_agent("everlit-xtask")
            .proxy(if local { None } else { ureq::Proxy::try_from_env() })
            .build()
            .into();
        let base = format!("{}/service/{name}/", to.trim_end_matches('/'));
        Ok(Self { base, key: Secret::new(key.to_owned()), agent })
    }

    pub(super) fn get(&self, path: &str) -> Result<Said> {
        self.read(self.agent.get(self.address(path)).header("authorization", self.bearer()).call())
    }

    pub(super) fn post(&self, path: &str) -> Result<Said> {
        let request = self.agent.post(self.address(path)).header("authorization", self.bearer());
        self.read(request.header("content-type", "application/json").send("{}"))
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Said> {
        let request = self.agent.put(self.address(path)).header("authorization", self.bearer());
        self.read(request.header("content-type", "application/json").send(body.to_string()))
    }

    fn address(&self, path: &str) -> String {
        [&self.base, path].concat()
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.key.expose())
    }

    fn read(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Said> {
        let host = || self.base.split("/service/").next().unwrap_or_default();
        let answer = answer.with_context(|| format!("{} cannot be reached", host()))?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        let read = answer.into_body().into_reader().take(BODY_MAX).read_to_end(&mut bytes);
        let body = read.ok().and_then(|_| serde_json::from_slice::<Value>(&bytes).ok());
        // A page of a proxy's, or of a Worker without services, is nobody's word.
        match body.filter(|body| body.is_object() && (status < 300 || body.get("code").is_some())) {
            Some(body) => Ok(Said { status, body }),
            None => {
                bail!("{} answered {status} with something that is not the Worker's: is --to right?", host())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "canary-canary-canary-canary-canary-1";

    #[test]
    fn a_door_is_checked_before_a_key_goes_through_it() {
        let open = |to: &str, name: &str, key: Option<&str>| {
            Door::open(to, name, "MY_KEY", key.map(str::to_owned))
                .map(|door| door.base)
                .map_err(|error| format!("{error:#}"))
        };
        assert_eq!(
            open("https://app.example.com/", "broker", Some(KEY)).unwrap(),
            "https://app.example.com/service/broker/"
        );
        assert_eq!(
            open("http://127.0.0.1:8787", "a-b_1", Some(&format!("{KEY}\n"))).unwrap(),
            "http://127.0.0.1:8787/service/a-b_1/"
        );
        for (to, name, key, said) in [
            ("http://app.example.com", "broker", Some(KEY), "https://"),
            ("app.example.com", "broker", Some(KEY), "https://"),
            ("https://app.example.com?x=1", "broker", Some(KEY), "https://"),
            ("https://app.example.com", "../admin", Some(KEY), "no name of a service"),
            ("https://app.example.com", "", Some(KEY), "no name of a service"),
            ("https://app.example.com", "broker", None, "has no MY_KEY"),
            ("https://app.example.com", "broker", Some("canary"), "and it has 6"),
            (
                "https://app.example.com",
                "broker",
                Some("canary canary canary canary canary "),
                "without spaces",
            ),
        ] {
            let error = open(to, name, key).unwrap_err();
            assert!(error.contains(said) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_door_does_not_print_its_key() {
        let door = Door::open("https://app.example.com", "broker", "K", Some(KEY.to_owned())).unwrap();
        assert!(!format!("{door:?}").contains("canary"));
    }

    #[test]
    fn trouble_says_what_to_do() {
        let said = |status, body| Said { status, body }.trouble();
        assert!(said(401, json!({ "code": "unauthorized" })).contains("SECRET_CALLER_<NAME>_KEY"));
        assert!(said(403, json!({ "code": "forbidden" })).contains("operator = true"));
        let busy = said(
            429,
            json!({ "code": "busy", "detail": "Another one is being proven.", "retry_after": 2.5 }),
        );
        assert_eq!(busy, "the Worker answered 429 busy: Another one is being proven. Ask again in 2.5 s.");
        assert_eq!(said(500, json!({ "code": "x" })), "the Worker answered 500 x: it says no more");
    }
}
