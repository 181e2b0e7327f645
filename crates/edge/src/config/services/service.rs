//! One account of the operator's, at one provider.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::rate::Rate;
use everlit_core::service::{Budget, PushPolicy, Settings, Way, WayKind};
use everlit_core::time::Millis;
use serde_json::Value;

use crate::config::ConfigError;
use crate::config::duration::{self, parse_duration};
use crate::config::rate::{self, parse_rate};
use crate::config::table::{self, Table};
use crate::provider::{self, Description, Renewal};
use crate::url::{HttpUrl, Origin};

pub(super) const PREFIX: &str = "SERVICE_";
pub(super) const EXPECTED: &str =
    "at least one table such as SERVICE_UPSTOX = { provider = \"upstox\", client_id = \"615b1297\" }";
const FIELDS: [&str; 14] = [
    "provider",
    "client_id",
    "account",
    "origin",
    "login_url",
    "check_every",
    "validate_every",
    "lead",
    "warn_at",
    "rate",
    "secret_max_age",
    "secret_set_at",
    "operators",
    "push",
];

/// How long a push approval is open where the provider does not say.
const PUSH_OPEN: Millis = Millis::from_secs(600);

/// Which users of the app are operators of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators {
    /// The claim that says so.
    pub claim: String,
    /// Its values that do.
    pub any: Vec<String>,
}

/// One `SERVICE_<NAME>`.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Its name in URLs: `upstox`.
    pub name: String,
    /// What is known of its provider.
    pub description: Description,
    /// Who the operator's app is there: API key, AppKey, client id.
    pub client_id: String,
    /// Whose account it is, by the provider's own name for the user; the first token decides where nothing is said.
    pub account: Option<String>,
    /// Where its API is, where not at the provider's own.
    pub origin: Option<Origin>,
    /// Where its login page is, where not at the provider's own.
    pub login_url: Option<String>,
    /// How often to look.
    pub check_every: Millis,
    /// The least time between two questions to the provider that nothing gave cause for.
    pub validate_every: Millis,
    /// How long before its end a token is renewed.
    pub lead: Millis,
    /// Times left at which a warning is due.
    pub warn_at: Vec<Millis>,
    /// How often one caller may ask.
    pub rate: Rate,
    /// After how long a secret is to be set anew.
    pub secret_max_age: Millis,
    /// The day on which its secret was set, `2026-01-31`, as far as anybody wrote it down: no platform says it.
    pub secret_set_at: Option<String>,
    /// Which users of the app are its operators.
    pub operators: Option<Operators>,
    /// Whether a person is asked by the provider itself, where it can.
    pub push: bool,
}

impl ServiceConfig {
    pub(super) fn read(
        variable: &str,
        name: &str,
        value: &Value,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let table = Table::read(variable, value, &FIELDS, EXPECTED, errors)?;
        let names: Vec<&str> = provider::DESCRIPTIONS.iter().map(|description| description.name).collect();
        let expected = alloc::format!("one of: {}", names.join(", "));
        let description =
            table.field("provider", &expected, errors, None, |value| provider::described(value.as_str()?));
        let client_id = table.field(
            "client_id",
            "what the provider calls your app: client id, API key or AppKey",
            errors,
            None,
            |value| text(value, 256),
        );
        let account = table.field(
            "account",
            "the provider's own name for the user, such as \"AB1234\"",
            errors,
            Some(None),
            |value| text(value, 128).map(Some),
        );
        let origin = table.field(
            "origin",
            "an origin such as \"https://api.example\", without a path; http only for localhost",
            errors,
            Some(None),
            |value| Origin::parse(value.as_str()?).map(Some),
        );
        let login_url = table.field("login_url", "an address without a query", errors, Some(None), |value| {
            let url = value.as_str()?;
            let parsed = HttpUrl::parse(url)?;
            (parsed.origin().is_trustworthy() && parsed.query().is_none()).then(|| Some(url.to_string()))
        });
        let usual = Usual::of(description.as_ref());
        let mut length = |field: &str, default: Millis| {
            table.field(field, duration::EXPECTED, errors, Some(default), |value| {
                parse_duration(value.as_str()?)
            })
        };
        let check_every = length("check_every", usual.check_every);
        let validate_every = length("validate_every", usual.validate_every);
        let lead = length("lead", usual.lead);
        let secret_max_age = length("secret_max_age", Millis::from_days(365));
        let warn_at = table.field(
            "warn_at",
            "a list of 1 to 8 different durations such as [\"3h\", \"30m\"]",
            errors,
            Some(usual.warn_at),
            |value| {
                let texts = table::texts(value, 8, |text| parse_duration(text).is_some())?;
                Some(texts.iter().filter_map(|text| parse_duration(text)).collect())
            },
        );
        let rate = table.field(
            "rate",
            rate::EXPECTED,
            errors,
            Some(Rate::new(60, Millis::from_secs(60))),
            |value| parse_rate(value.as_str()?),
        );
        let secret_set_at =
            table.field("secret_set_at", "a day such as \"2026-01-31\"", errors, Some(None), |value| {
                text(value, 10).filter(|day| crate::date::parse_day(day).is_some()).map(Some)
            });
        let operators = table.field(
            "operators",
            "a table such as { claim = \"email\", any = [\"ops@example.com\"] }",
            errors,
            Some(None),
            |value| operators(value).map(Some),
        );
        let push = table.field("push", "true or false", errors, Some(true), |value| value.as_bool());
        Some(Self {
            name: name.to_string(),
            description: description?,
            client_id: client_id?,
            account: account?,
            origin: origin?,
            login_url: login_url?,
            check_every: check_every?,
            validate_every: validate_every?,
            lead: lead?,
            warn_at: warn_at?,
            rate: rate?,
            secret_max_age: secret_max_age?,
            secret_set_at: secret_set_at?,
            operators: operators?,
            push: push?,
        })
    }

    /// What a service cannot be yet, or not at all.
    pub(super) fn check(&self, errors: &mut Vec<ConfigError>) {
        let variable = [PREFIX, &self.name.to_ascii_uppercase()].concat();
        if !matches!(self.description.name, "breeze" | "kite" | "upstox") {
            errors.push(ConfigError::meaning(
                &variable,
                Some("provider"),
                "is not served as a service yet",
                "\"breeze\", \"kite\" or \"upstox\"",
            ));
        }
    }

    /// All that a provider could refuse this account for: with another text, what was refused is tried again.
    #[must_use]
    pub fn digest(&self) -> String {
        let account = self.account.as_deref().unwrap_or_default();
        [self.description.name, &self.client_id, account, self.api_origin(), self.login_page()].join("\n")
    }

    /// The name of the secret that the provider gave the app.
    #[must_use]
    pub fn secret_name(&self) -> String {
        ["SECRET_", &self.name.to_ascii_uppercase(), "_CLIENT_SECRET"].concat()
    }

    /// Where the API is called.
    #[must_use]
    pub fn api_origin(&self) -> &str {
        self.origin.as_ref().map_or_else(|| self.description.origin.unwrap_or_default(), Origin::as_str)
    }

    /// Where a person logs in, without a query.
    #[must_use]
    pub fn login_page(&self) -> &str {
        self.login_url.as_deref().or(self.description.login).unwrap_or_default()
    }

    /// The numbers that it is watched by. `version` names the configuration: with another one, what waited for an operator is tried
    /// again.
    #[must_use]
    pub fn settings(&self, version: u64) -> Settings {
        let renewals = self.description.renewals;
        let kinds = renewals.iter().filter_map(way).collect();
        let is_push = |renewal: &Renewal| matches!(renewal, Renewal::PushApproval(_));
        let needs_person = |renewal: &Renewal| {
            matches!(renewal, Renewal::Redirect | Renewal::Paste | Renewal::PushApproval(_))
        };
        let provider::Budget { per_minute, per_day } = self.description.budget;
        Settings {
            version,
            check_every: self.check_every,
            validate_every: self.validate_every,
            budget: Budget { minute: per_minute, day: per_day, percent: 1 },
            ways: kinds,
            lead: self.lead,
            person: renewals.iter().any(needs_person),
            push: (self.push && renewals.iter().any(is_push))
                .then_some(PushPolicy { open_for: PUSH_OPEN, times: 1 }),
            thresholds: self.warn_at.clone(),
            // The same `API_Session` gives the same session again; any other code is spent by its first use.
            exchange_repeatable: self.description.name == "breeze",
            caller_rate: self.rate,
            ..Settings::DEFAULT
        }
    }
}

/// A renewal that needs no person, as the machine knows it.
const fn way(renewal: &Renewal) -> Option<Way> {
    match renewal {
        Renewal::RefreshGrant(_) => Some(Way::REFRESH),
        Renewal::Credentials(_) => Some(Way::CREDENTIALS),
        Renewal::SelfExtend(_) => Some(Way { kind: WayKind::SelfExtension, repeatable: true, every: None }),
        Renewal::Keepalive(alive) => {
            Some(Way { kind: WayKind::KeepAlive, repeatable: true, every: Some(alive.every) })
        }
        Renewal::PushApproval(_) | Renewal::Redirect | Renewal::Paste => None,
    }
}

/// What holds for a provider where nobody says anything.
struct Usual {
    check_every: Millis,
    validate_every: Millis,
    lead: Millis,
    warn_at: Vec<Millis>,
}

impl Usual {
    fn of(description: Option<&Description>) -> Self {
        const MINUTE: Millis = Millis::from_secs(60);
        let minutes = |count: u64| Millis::from_millis(MINUTE.as_millis().saturating_mul(count));
        let validate_every =
            description.map_or_else(|| minutes(60), |description| description.budget.interval());
        // Upstox' token is known to the minute, and it says by itself when another has come.
        let is_calm = description.is_some_and(|description| description.name == "upstox");
        if is_calm {
            let warn_at = [minutes(60)].into();
            Self { check_every: minutes(30), validate_every, lead: minutes(60), warn_at }
        } else {
            let warn_at = [minutes(30)].into();
            Self { check_every: minutes(5), validate_every, lead: minutes(15), warn_at }
        }
    }
}

/// A text without control characters.
fn text(value: &Value, most: usize) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)).then(|| text.to_string())
}

fn operators(value: &Value) -> Option<Operators> {
    let table = value.as_object().filter(|table| table.len() == 2)?;
    let claim = text(table.get("claim")?, 64)?;
    let any = table::texts(table.get("any")?, 64, |text| !text.is_empty() && text.len() <= 256)?;
    Some(Operators { claim, any })
}
