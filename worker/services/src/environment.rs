//! The bindings of this Worker, read once in the life of an isolate: a deployment with other variables is another isolate.

use std::cell::RefCell;
use std::rc::Rc;

use everlit_core::secret::Secret;
use everlit_edge::alert::Receiver;
use everlit_edge::config::services::{self, ServiceConfig, ServicesConfig};
use everlit_edge::config::{AlertConfig, ConfigError, Variables};
use everlit_edge::keys::{self, Keyring};
use everlit_edge::service::{Account, hand};
use everlit_runtime::few::Few;
use wasm_bindgen::{JsCast as _, JsValue};
use worker::Env;

use crate::callers::Keys;

/// The binding of the objects that hold one account each.
pub(crate) const SERVICE_VAULT: &str = "VAULT";
/// The binding of the objects that keep a second copy of what those hold.
pub(crate) const SERVICE_BACKUP: &str = "BACKUP";

thread_local! {
    static READ: RefCell<Option<Rc<Environment>>> = const { RefCell::new(None) };
}

/// What the variables and secrets mean.
pub(crate) struct Environment {
    /// The configuration.
    pub(crate) config: ServicesConfig,
    /// The keys that things at rest are sealed with.
    pub(crate) keyring: Keyring,
    /// Who may use what.
    pub(crate) callers: Keys,
    /// Who is told what, and how.
    pub(crate) receivers: Vec<(AlertConfig, Receiver)>,
    /// What the providers gave the apps, by service.
    secrets: Few<String, Secret<String>>,
    /// Where logins come back to, by service.
    callbacks: Few<String, String>,
}

impl Environment {
    /// Reads the bindings, or remembers them.
    pub(crate) fn of(env: &Env) -> Result<Rc<Self>, ConfigError> {
        if let Some(known) = READ.with_borrow(Option::clone) {
            return Ok(known);
        }
        let read = Rc::new(Self::read(env)?);
        READ.set(Some(Rc::clone(&read)));
        Ok(read)
    }

    /// The account of this name.
    pub(crate) fn account(&self, name: &str) -> Option<Account<'_>> {
        let config = self.config.service(name)?;
        let secret = self.secrets.get(|known| known == name)?;
        let callback = self.callbacks.get(|known| known == name)?;
        Some(Account { config, secret, callback })
    }

    /// Names the configuration of a service. With another one, what waited for an operator is tried again.
    pub(crate) fn version(&self, account: &Account<'_>) -> u64 {
        let key = self.keyring.current().derive("everlit service version", &account.config.name);
        let text = [account.config.digest().as_str(), "\n", account.secret.expose()].concat();
        hand::fingerprint(key.expose(), &Secret::new(text)).0
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
            } else if services::is_variable_name(&name) {
                variables = variable(variables, env, &name);
            }
        }
        let config = ServicesConfig::parse(&variables).map_err(|errors| {
            errors.into_iter().next().unwrap_or_else(|| missing("ORIGINS", "a complete configuration"))
        })?;
        for binding in [SERVICE_VAULT, SERVICE_BACKUP] {
            if env.durable_object(binding).is_err() {
                return Err(missing(binding, "a Durable Object binding, as in Everlit's own configuration"));
            }
        }
        let keyring = Keyring::parse(session_keys)?;
        let (mut secrets, mut callbacks) = (Few::new(), Few::new());
        for service in config.services() {
            let text = secret(env, &service.secret_name()).unwrap_or_default();
            secrets.insert(service.name.clone(), Secret::new(text));
            callbacks.insert(service.name.clone(), callback(&config, service));
        }
        let callers = Keys::read(&config, |name| secret(env, name))?;
        let known = |name: &str| secret(env, name).map(Secret::new);
        let read = |alert: &AlertConfig| Ok((alert.clone(), alert.receiver(known)?));
        let receivers: Result<Vec<_>, ConfigError> = config.alerts().iter().map(read).collect();
        let receivers = receivers?;
        Ok(Self { config, keyring, callers, receivers, secrets, callbacks })
    }
}

/// Where a login comes back to: what is registered at the provider.
fn callback(config: &ServicesConfig, service: &ServiceConfig) -> String {
    [config.origins.canonical().as_str(), "/service/", &service.name, "/callback"].concat()
}

fn value(env: &Env, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(env, &JsValue::from_str(name)).ok()
}

/// White space around a secret is an accident of `wrangler secret put`.
pub(crate) fn secret(env: &Env, name: &str) -> Option<String> {
    let text = value(env, name)?.as_string()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
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

fn missing(variable: &str, expected: &str) -> ConfigError {
    ConfigError::secret(variable.to_owned(), "is missing", expected)
}
