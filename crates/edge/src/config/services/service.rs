//! One account of the operator's, at one provider.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use everlit_core::rate::Rate;
use everlit_core::service::{Budget, PushPolicy, Settings, Way};
use everlit_core::time::Millis;
use everlit_core::vault::{GraceProfile, Verdict};
use serde_json::Value;

use crate::config::duration::{self, parse_duration};
use crate::config::grace;
use crate::config::provider::is_scope;
use crate::config::rate::{self, parse_rate};
use crate::config::table::{self, Table};
use crate::config::{ConfigError, Origins};
use crate::people::Statement;
use crate::provider::{self, Description, Protocol, Renewal, Watch, Zone, kite};
use crate::signed_call::Scheme;
use crate::url::{HttpUrl, Origin};

use super::{Users, ends};

pub(super) const PREFIX: &str = "SERVICE_";
pub(super) const EXPECTED: &str =
    "at least one table such as SERVICE_UPSTOX = { provider = \"upstox\", client_id = \"615b1297\" }";
const FIELDS: [&str; 22] = [
    "provider",
    "client_id",
    "account",
    "origin",
    "login_url",
    "token_url",
    "revocation_url",
    "grant",
    "scopes",
    "grace",
    "cutoffs",
    "cap",
    "check_every",
    "validate_every",
    "lead",
    "warn_at",
    "rate",
    "call_rate",
    "push",
    "page",
    "users",
    "operators",
];

/// How long a push approval is open where the provider does not say.
const PUSH_OPEN: Millis = Millis::from_secs(600);

/// What the tokens of a service are had for without anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// For a refresh token: one that somebody hands in once (RFC 6749, section 6), or that comes with a login.
    RefreshToken,
    /// For the client's own secret (RFC 6749, section 4.4).
    ClientCredentials,
}

/// One `SERVICE_<NAME>`.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// Its name in URLs: `upstox`.
    pub name: String,
    /// What is known of its provider.
    pub description: Description,
    /// What is spoken with it.
    pub protocol: Protocol,
    /// Who the operator's app is there: API key, AppKey, client id.
    pub client_id: String,
    /// Whose account it is, by the provider's own name for the user. Where nothing is said the first token decides, which it may only at a
    /// provider whose logins bring `state` back.
    pub account: Option<String>,
    /// Where its API is, where not at the provider's own.
    pub origin: Option<Origin>,
    /// Where its login page is, where not at the provider's own.
    pub login_url: Option<String>,
    /// Where tokens are asked for, at an authorization server.
    pub token_url: Option<HttpUrl>,
    /// Where they are revoked there (RFC 7009). Without it a logout ends nothing at the server.
    pub revocation_url: Option<HttpUrl>,
    /// For what they are had, if that is said: else by an authorization server for a refresh token, and elsewhere as the provider has it.
    pub grant: Option<Grant>,
    /// What they are asked for.
    pub scopes: Vec<String>,
    /// What it forgives of a refresh token that comes twice.
    pub grace: GraceProfile,
    /// How often to look.
    pub check_every: Millis,
    /// The least time between two questions to the provider that nothing gave cause for.
    pub validate_every: Millis,
    /// How long before its end a token is renewed.
    pub lead: Millis,
    /// Times left at which a warning is due.
    pub warn_at: Vec<Millis>,
    /// How often one caller may ask for a token.
    pub rate: Rate,
    /// How often one caller may have a call made, where not as often as the provider says.
    pub call_rate: Option<Rate>,
    /// Whether a person is asked by the provider itself, where it can.
    pub push: bool,
    /// Where an operator acts, where that is not the app's first page.
    pub page: Option<HttpUrl>,
    /// Whose sessions may call it.
    pub users: Users,
    /// Who of the app's users may log in, hand in and force. They may call it as well.
    pub operators: Users,
}

impl ServiceConfig {
    pub(super) fn read(
        variable: &str,
        name: &str,
        value: &Value,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let before = errors.len();
        let table = Table::read(variable, value, &FIELDS, EXPECTED, errors)?;
        let names: Vec<&str> = provider::DESCRIPTIONS.iter().map(|description| description.name).collect();
        let expected = alloc::format!("one of: {}", names.join(", "));
        let description =
            table.field("provider", &expected, errors, None, |value| provider::described(value.as_str()?));
        let description = description.and_then(|description| {
            if let Some(unknown) = errors.get_mut(before..) {
                refuse_credentials(&description, unknown);
            }
            ends::read(variable, &table, description, errors)
        });
        let protocol = description.as_ref().and_then(|description| protocol(variable, description, errors));
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
            address(url).map(|_| Some(url.to_string()))
        });
        let token_url = table.field(
            "token_url",
            "the address of the token endpoint, such as \"https://as.example/token\"",
            errors,
            Some(None),
            |value| HttpUrl::parse(value.as_str()?).map(Some),
        );
        let revocation_url = table.field(
            "revocation_url",
            "the address of the revocation endpoint, such as \"https://as.example/revoke\"",
            errors,
            Some(None),
            |value| HttpUrl::parse(value.as_str()?).map(Some),
        );
        let grant = table.field(
            "grant",
            "\"refresh_token\" or \"client_credentials\"",
            errors,
            Some(None),
            |value| match value.as_str()? {
                "refresh_token" => Some(Some(Grant::RefreshToken)),
                "client_credentials" => Some(Some(Grant::ClientCredentials)),
                _ => None,
            },
        );
        let scopes = table.field(
            "scopes",
            "a list of 1 to 32 different scopes, such as [\"orders:read\"]",
            errors,
            Some(Vec::new()),
            |value| table::texts(value, 32, is_scope),
        );
        let description = description
            .map(|description| Description { renewals: renewals(&description, grant), ..description });
        let own = description.as_ref().and_then(own_grace);
        let grace = match (table.raw("grace"), own) {
            (None, Some(own)) => Some(own),
            (value, _) => grace::read(variable, value, errors),
        };
        let watch = description.as_ref().map_or(Watch::CLOSE, |description| description.watch);
        let mut length = |field: &str, default: Millis| {
            table.field(field, duration::EXPECTED, errors, Some(default), |value| {
                parse_duration(value.as_str()?)
            })
        };
        let check_every = length("check_every", watch.check_every);
        let usual = description.as_ref().map_or(Millis::from_secs(3_600), validate_every);
        let validate_every = length("validate_every", usual);
        let lead = length("lead", watch.lead);
        let warn_at = table.field(
            "warn_at",
            "a list of 1 to 8 different durations such as [\"3h\", \"30m\"]",
            errors,
            Some([watch.warn_at].into()),
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
        let call_rate = table.field("call_rate", rate::EXPECTED, errors, Some(None), |value| {
            parse_rate(value.as_str()?).map(Some)
        });
        let push = table.field("push", "true or false", errors, Some(true), |value| value.as_bool());
        let page = table.field(
            "page",
            "an address of the app such as \"https://app.example/accounts\", without a query",
            errors,
            Some(None),
            |value| address(value.as_str()?).map(Some),
        );
        let users = Users::read(&table, variable, ("users", "users."), errors);
        let operators = Users::read(&table, variable, ("operators", "operators."), errors);
        Some(Self {
            name: name.to_string(),
            users: users?,
            operators: operators?,
            description: description?,
            protocol: protocol?,
            client_id: client_id?,
            account: account?,
            origin: origin?,
            login_url: login_url?,
            token_url: token_url?,
            revocation_url: revocation_url?,
            grant: grant?,
            scopes: scopes?,
            grace: grace?,
            check_every: check_every?,
            validate_every: validate_every?,
            lead: lead?,
            warn_at: warn_at?,
            rate: rate?,
            call_rate: call_rate?,
            push: push?,
            page: page?,
        })
    }

    /// What a service cannot be yet, or not at all.
    pub(super) fn check(&self, origins: &Origins, errors: &mut Vec<ConfigError>) {
        let variable = [PREFIX, &self.name.to_ascii_uppercase()].concat();
        let mut wrong = |field: &str, problem: &'static str, expected: &str| {
            errors.push(ConfigError::meaning(&variable, Some(field), problem, expected));
        };
        let asks = self.asks_a_server();
        if asks && self.token_url.is_none() {
            wrong("token_url", "is missing", "the address of the provider's token endpoint");
        }
        if !asks && self.token_url.is_some() {
            wrong("token_url", "is for an authorization server, which this provider is not", "no such field");
        }
        if !asks && self.revocation_url.is_some() {
            wrong(
                "revocation_url",
                "is for an authorization server, which this provider is not",
                "no such field",
            );
        }
        let no_grant = match (self.protocol, self.grant) {
            (Protocol::Breeze | Protocol::Upstox, Some(_)) => Some("no such field"),
            (Protocol::Kite | Protocol::Supabase, Some(Grant::ClientCredentials)) => {
                Some("\"refresh_token\", or no such field")
            }
            _ => None,
        };
        if let Some(expected) = no_grant {
            wrong("grant", "is one that this provider does not know", expected);
        }
        // What an alert leads to is where whoever follows it proves who they are: nobody else's page.
        if self.page.as_ref().is_some_and(|page| !origins.contains(page.origin().as_str())) {
            wrong("page", "is at none of ORIGINS", "an address at one of ORIGINS");
        }
        if self.call_rate.is_some() && Scheme::of(self.description.name).is_none() {
            wrong(
                "call_rate",
                "is for calls under /api, which are not made to this provider",
                "no such field",
            );
        }
        if self.protocol == Protocol::Supabase && self.origin.is_none() {
            wrong("origin", "is missing", "the address of your project, such as \"https://x.supabase.co\"");
        }
        if self.description.needs_account() && self.account.is_none() {
            let expected = "whose account it is, by the provider's own name for the user, such as \"AB1234\": its logins bring no state back, and another site could bring a login of its own";
            wrong("account", "is missing", expected);
        }
    }

    /// Whether its tokens come from the token endpoint of an authorization server that the configuration names.
    #[must_use]
    pub fn asks_a_server(&self) -> bool {
        self.protocol == Protocol::OAuth
    }

    /// Whether somebody with a session may call it.
    #[must_use]
    pub fn may_use(&self, user: &Statement) -> bool {
        self.users.has(user) || self.is_operator(user)
    }

    /// Whether they may act for it.
    #[must_use]
    pub fn is_operator(&self, user: &Statement) -> bool {
        self.operators.has(user)
    }

    /// Whether anybody with a session may call it.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        self.users != Users::Nobody || self.operators != Users::Nobody
    }

    /// Whether a person can log in at its provider in a browser that is sent there by us.
    #[must_use]
    pub fn logs_in(&self) -> bool {
        self.protocol.logs_in()
    }

    /// Whether it lives by a refresh token.
    #[must_use]
    pub fn refreshes(&self) -> bool {
        match self.protocol {
            Protocol::Supabase => true,
            Protocol::OAuth => self.grant != Some(Grant::ClientCredentials),
            // The operator's word that the provider has approved the app for it.
            Protocol::Kite => self.grant == Some(Grant::RefreshToken),
            Protocol::Breeze | Protocol::Upstox => false,
        }
    }

    /// Whether that is what somebody hands in. Where a person logs in, it comes with what their login brings.
    #[must_use]
    pub fn takes_refresh_token(&self) -> bool {
        self.refreshes() && !self.logs_in()
    }

    /// Whether there is a call that ends its tokens at the provider.
    #[must_use]
    pub fn revokes(&self) -> bool {
        match self.protocol {
            Protocol::Kite | Protocol::Supabase | Protocol::Upstox => true,
            Protocol::OAuth => self.revocation_url.is_some(),
            Protocol::Breeze => false,
        }
    }

    /// Whether a refresh token may be shown again whose answer was lost: as long as an attempt takes, and a little more.
    #[must_use]
    pub fn forgives(&self) -> bool {
        self.grace.verdict(Millis::from_secs(60)) == Verdict::Forgiven
    }

    /// All that a provider could refuse this account for: with another text, what was refused is tried again.
    #[must_use]
    pub fn digest(&self) -> String {
        let account = self.account.as_deref().unwrap_or_default();
        let token_url = self.token_url.as_ref().map(ToString::to_string).unwrap_or_default();
        let scopes = self.scopes.join(" ");
        [
            self.description.name,
            &self.client_id,
            account,
            self.api_origin(),
            self.login_page(),
            &token_url,
            &scopes,
        ]
        .join("\n")
    }

    /// Whose clock people there go by: the provider's, whatever is said of the end of its tokens.
    #[must_use]
    pub fn zone(&self) -> Zone {
        provider::described(self.description.name).map_or(Zone::UTC, |known| known.expiry.zone())
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
        let is_push = |renewal: &Renewal| matches!(renewal, Renewal::PushApproval(_));
        let is_by_hand = |renewal: &Renewal| {
            matches!(renewal, Renewal::Redirect | Renewal::Paste | Renewal::PushApproval(_))
        };
        let (ways, person) = if self.refreshes() {
            // Nobody finds out what became of one that was lost, but by showing it again.
            ([Way { repeatable: self.forgives(), ..Way::REFRESH }].into(), true)
        } else if self.asks_a_server() {
            ([Way::CREDENTIALS].into(), false)
        } else {
            (Vec::new(), renewals.iter().any(is_by_hand))
        };
        let provider::Budget { per_minute, per_day } = self.description.budget;
        Settings {
            version,
            check_every: self.check_every,
            validate_every: self.validate_every,
            validates: self.description.validation.is_some(),
            revokes: self.revokes(),
            revokes_foreign: self.revokes(),
            budget: Budget { minute: per_minute, day: per_day, percent: 1 },
            ways,
            lead: self.lead,
            person,
            push: (self.push && renewals.iter().any(is_push))
                .then_some(PushPolicy { open_for: PUSH_OPEN, times: 1 }),
            thresholds: self.warn_at.clone(),
            // The same `API_Session` gives the same session again; any other code is spent by its first use.
            exchange_repeatable: self.protocol == Protocol::Breeze
                || (self.takes_refresh_token() && self.forgives()),
            caller_rate: self.rate,
            call_rate: self.call_rate.or(self.description.call_rate).unwrap_or(self.rate),
            ..Settings::DEFAULT
        }
    }
}

/// What is spoken with a provider. Served are those whose answers were seen: here, or by everybody who speaks OAuth.
fn protocol(variable: &str, description: &Description, errors: &mut Vec<ConfigError>) -> Option<Protocol> {
    if description.protocol.is_none() {
        let served = provider::DESCRIPTIONS.iter().filter(|known| known.protocol.is_some());
        let names: Vec<&str> = served.map(|known| known.name).collect();
        let expected = alloc::format!("one of: {}", names.join(", "));
        let problem = "is described and not served as a service yet";
        errors.push(ConfigError::meaning(variable, Some("provider"), problem, &expected));
    }
    description.protocol
}

/// What hand-written managers are given to log in as a person with.
const CREDENTIALS: [&str; 5] = ["password", "pin", "mpin", "totp", "totp_secret"];

/// Says of a person's own credentials why they are no field here, rather than that they are none.
fn refuse_credentials(description: &Description, unknown: &mut [ConfigError]) {
    let is_credential =
        |error: &ConfigError| error.field.as_deref().is_some_and(|field| CREDENTIALS.contains(&field));
    for error in unknown.iter_mut().filter(|error| is_credential(error)) {
        error.problem = "is a person's own, and cannot be used to log in for them";
        let why = description
            .why_a_person
            .unwrap_or("its token is renewed by what is handed in once, or by the app's own secret");
        error.expected = ["no such field: ", why].concat();
    }
}

/// The ways to a new token: an app that is approved for more than others has more.
fn renewals(description: &Description, grant: Option<Option<Grant>>) -> &'static [Renewal] {
    match (description.protocol, grant) {
        (Some(Protocol::Kite), Some(Some(Grant::RefreshToken))) => kite::APPROVED,
        _ => description.renewals,
    }
}

/// What a provider's own description says of its refresh tokens.
fn own_grace(description: &Description) -> Option<GraceProfile> {
    description.renewals.iter().find_map(|renewal| match renewal {
        Renewal::RefreshGrant(refresh) if description.protocol != Some(Protocol::OAuth) => {
            Some(refresh.grant.grace)
        }
        Renewal::RefreshGrant(_)
        | Renewal::SelfExtend(_)
        | Renewal::Keepalive(_)
        | Renewal::PushApproval(_)
        | Renewal::Credentials(_)
        | Renewal::Redirect
        | Renewal::Paste => None,
    })
}

/// The least time between two questions to a provider that nothing gave cause for, where nobody says. Where there is no cheap call, nobody asks.
fn validate_every(description: &Description) -> Millis {
    match description.validation {
        None => Millis::from_days(3_650),
        Some(_) => description.budget.interval(),
    }
}

/// An address without a query: nothing in it is a secret.
fn address(text: &str) -> Option<HttpUrl> {
    HttpUrl::parse(text).filter(|url| url.query().is_none())
}

/// A text without control characters.
fn text(value: &Value, most: usize) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)).then(|| text.to_string())
}
