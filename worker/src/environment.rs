//! The bindings of this Worker, read once in the life of an isolate: a deployment with other variables is another isolate.

use std::cell::RefCell;
use std::rc::Rc;

use everlit_core::vault::Policy;
use everlit_edge::config::{Config, ConfigError, ConfigErrorKind, UpstreamConfig, Variables, VaultName};
use everlit_edge::cookie::CookieKeys;
use everlit_edge::gate::GateKey;
use everlit_edge::index::IndexKeys;
use everlit_edge::internal::InternalKeys;
use everlit_edge::keys::{self, Keyring};
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;

use crate::few::Few;
use crate::registration::Credential;

/// The binding of the objects that hold one grant each.
pub(crate) const SESSION_VAULT: &str = "SESSION_VAULT";
/// The binding of the objects that keep what came of a token request.
pub(crate) const ESCROW: &str = "ESCROW";
/// The binding of the objects that hold a browser's pending logins.
pub(crate) const LOGIN_DESK: &str = "LOGIN_DESK";
/// The binding of the objects that know which sessions there are.
pub(crate) const SESSION_INDEX: &str = "SESSION_INDEX";

/// The binding of this Worker to itself.
pub(crate) const ROTATOR: &str = "ROTATOR";

/// The binding of the services Worker's entrypoint for users of the app.
pub(crate) const SERVICES_USERS: &str = "SERVICES_USERS";

thread_local! {
    static READ: RefCell<Option<Rc<Environment>>> = const { RefCell::new(None) };
}

/// What the variables and secrets mean.
pub(crate) struct Environment {
    /// The configuration.
    pub(crate) config: Config,
    /// The keys that things at rest are sealed with.
    pub(crate) keyring: Keyring,
    /// The keys of the cookies.
    pub(crate) cookies: CookieKeys,
    /// The keys of what a vault says to the rotator.
    pub(crate) internal: InternalKeys,
    /// The names of the indexes of sessions.
    pub(crate) index: IndexKeys,
    /// The key of the names of gates.
    pub(crate) gates: GateKey,
    credentials: Few<String, Credential>,
}

impl Environment {
    /// Reads the bindings, or remembers them.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>, ConfigError> {
        if let Some(known) = READ.with_borrow(Option::clone) {
            return Ok(known);
        }
        // A wrong configuration is read again with every request: it costs nobody but its operator.
        let read = Rc::new(Self::read(env)?);
        READ.set(Some(Rc::clone(&read)));
        Ok(read)
    }

    /// What the client authenticates with at a provider. The configuration is refused without it.
    pub(crate) fn credential(&self, provider: &str) -> Option<&Credential> {
        self.credentials.get(|name| name == provider)
    }

    /// The numbers a vault works by whose grant comes from the provider of this name.
    pub(crate) fn policy(&self, provider: &str) -> Policy {
        match self.config.provider(provider) {
            Some(provider) => self.config.policy(provider),
            // Nothing can be asked of a provider that is no longer configured, and the session's own limits hold all the same.
            None => Policy {
                idle_limit: self.config.limits.idle,
                absolute_limit: self.config.limits.absolute,
                ..Policy::default()
            },
        }
    }

    fn read(env: &Env) -> Result<Self, ConfigError> {
        let (mut variables, mut session_keys) = (Variables::new(), Vec::new());
        let bindings: &js_sys::Object = env.unchecked_ref();
        for name in js_sys::Object::keys(bindings).iter().filter_map(|name| name.as_string()) {
            if Variables::is_secret_name(&name) {
                if let Some(text) = secret(env, &name) {
                    variables = variables.secret(&name);
                    if keys::version_of(&name).is_some() {
                        session_keys.push((name, text));
                    }
                }
            } else if Variables::is_variable_name(&name) {
                variables = variable(variables, env, &name);
            }
        }
        let config = Config::parse(&variables).map_err(first)?;
        for binding in [SESSION_VAULT, ESCROW, LOGIN_DESK, SESSION_INDEX] {
            if env.durable_object(binding).is_err() {
                return Err(missing(binding, "a Durable Object binding, as in Everlit's own wrangler.toml"));
            }
        }
        let is_service = |bound: JsValue| bound.is_object();
        if !value(env, ROTATOR).is_some_and(is_service) {
            return Err(missing(
                ROTATOR,
                "a service binding of the Worker to itself, as in Everlit's own wrangler.toml",
            ));
        }
        let is_of_service = |upstream: &UpstreamConfig| matches!(upstream.vault, VaultName::Service(_));
        if config.upstreams().iter().any(is_of_service) && !value(env, SERVICES_USERS).is_some_and(is_service)
        {
            return Err(missing(
                SERVICES_USERS,
                "a service binding to the entrypoint \"ForUsers\" of the services Worker, as in Everlit's own wrangler.toml",
            ));
        }
        let keyring = Keyring::parse(session_keys)?;
        let cookies = CookieKeys::new(&keyring, config.origins.canonical());
        let internal = InternalKeys::new(&keyring, config.origins.canonical());
        let index = IndexKeys::new(&keyring, config.origins.canonical());
        let gates = GateKey::new(&keyring, config.origins.canonical());
        let mut credentials = Few::new();
        for provider in config.providers() {
            if let Some(text) = secret(env, &provider.credential_name()) {
                credentials.insert(provider.name.clone(), Credential::read(provider, text)?);
            }
        }
        Ok(Self { config, keyring, cookies, internal, index, gates, credentials })
    }
}

fn value(env: &Env, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(env, &JsValue::from_str(name)).ok()
}

fn secret(env: &Env, name: &str) -> Option<String> {
    value(env, name)?.as_string().filter(|text| !text.is_empty())
}

/// Adds a variable: a text, or a TOML table or array, which arrives as an object.
fn variable(variables: Variables, env: &Env, name: &str) -> Variables {
    let Some(value) = value(env, name) else { return variables };
    if let Some(text) = value.as_string() {
        return variables.text(name, &text);
    }
    let json = js_sys::JSON::stringify(&value).ok().and_then(|text| text.as_string()).unwrap_or_default();
    variables.json(name, serde_json::from_slice(json.as_bytes()).unwrap_or_default())
}

fn first(errors: Vec<ConfigError>) -> ConfigError {
    // There is at least one; should there be none, the sentence is still true.
    errors.into_iter().next().unwrap_or_else(|| missing("ORIGINS", "a complete configuration"))
}

fn missing(variable: &str, expected: &str) -> ConfigError {
    let (variable, expected) = (variable.to_owned(), expected.to_owned());
    ConfigError { variable, field: None, problem: "is missing", expected, kind: ConfigErrorKind::Meaning }
}
