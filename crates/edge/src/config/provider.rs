//! One provider: the authorization server, and who we are to it.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::time::Millis;
use serde_json::Value;

use super::duration::{self, parse_duration};
use super::table::{self, Table};
use super::{ConfigError, Origins, SupabaseLogin, grace, supabase};
use crate::oauth::Accepted;
use crate::oidc::ProviderMetadata;
use crate::provider::{KeepGrant, Provider, RefreshGrant, Replay, Window, servers};
use crate::silent::Way;
use crate::url::HttpUrl;

pub(super) const PREFIX: &str = "PROVIDER_";
pub(super) const EXPECTED: &str = "at least one table such as PROVIDER_MAIN = { kind = \"oidc\", issuer = \"https://as.example\", client_id = \"app\" }";

const FIELDS: [&str; 19] = [
    "kind",
    "issuer",
    "client_id",
    "scopes",
    "client_auth",
    "assertion_audience",
    "par",
    "dpop",
    "end_session",
    "response_mode",
    "login",
    "prompt",
    "parameters",
    "grace",
    "grant_idle",
    "keep_grant",
    "grants",
    "refresh_ends_tokens",
    "silent",
];

/// Parameters of the authorization request that are ours to set.
const RESERVED: [&str; 15] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// The shortest idle end of a grant that is believed: it is refreshed before that, whether or not anybody is there.
const SHORTEST_IDLE: Millis = Millis::from_secs(10);

/// How the client authenticates wherever it posts something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`: a secret, in the `Authorization` header (RFC 6749, section 2.3.1).
    SecretBasic,
    /// `client_secret_post`: a secret, in the body.
    SecretPost,
    /// `private_key_jwt`: an assertion, signed by a key of ours (RFC 7523, section 2.2).
    PrivateKeyJwt,
    /// The key of a Supabase project, in a header of its own.
    ApiKey,
}

/// Whom an assertion of the client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The authorization server, by its issuer identifier, as RFC 7523bis wants it.
    Issuer,
    /// Its token endpoint, as OpenID Connect Core, section 9 advises: for servers that know no better.
    TokenEndpoint,
}

/// Whether something is used that not every authorization server can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Where its metadata says that it can.
    WhereOffered,
    /// Everywhere: there is no login without it.
    Required,
    /// Nowhere.
    Never,
}

impl Use {
    const EXPECTED: &str = "\"where_offered\", \"required\" or \"never\"";

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "where_offered" => Some(Self::WhereOffered),
            "required" => Some(Self::Required),
            "never" => Some(Self::Never),
            _ => None,
        }
    }

    /// What a token request takes, with a key and without. What is required is settled before one is made without.
    #[must_use]
    pub const fn accepts(self, with_key: bool) -> Accepted {
        match self {
            Self::Required if with_key => Accepted::Dpop,
            Self::WhereOffered | Self::Never if with_key => Accepted::Either,
            Self::Required | Self::WhereOffered | Self::Never => Accepted::Bearer,
        }
    }
}

/// How a browser goes to the authorization server to be logged out there as well (OpenID Connect RP-Initiated Logout 1.0). It has to
/// take both; not all do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSession {
    /// With a form: the ID Token, which says who is to be logged out, is in no URL.
    Post,
    /// With a URL, and so without the ID Token: the server may ask its user.
    Get,
    /// Not at all.
    Never,
}

impl EndSession {
    const EXPECTED: &str = "\"post\", \"get\" or \"never\"";

    fn read(value: &Value) -> Option<Self> {
        match value.as_str()? {
            "post" => Some(Self::Post),
            "get" => Some(Self::Get),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

/// One `PROVIDER_<NAME>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderConfig {
    /// Its name in URLs: `demo`.
    pub name: String,
    /// What is known of it before it is asked: what its kind says, corrected by `grace`, `grant_idle`, `keep_grant` and
    /// `grants`.
    pub provider: Provider,
    /// The issuer identifier, character by character as the provider writes it.
    pub issuer: String,
    /// The id of the client that is registered there.
    pub client_id: String,
    /// The scopes that a login asks for; `openid` is among them.
    pub scopes: Vec<String>,
    /// How the client authenticates.
    pub client_auth: ClientAuth,
    /// Whom its assertions are for, where it has any.
    pub assertion_audience: Audience,
    /// Whether authorization requests are pushed (RFC 9126).
    pub par: Use,
    /// Whether tokens are bound to a key of the session (RFC 9449).
    pub dpop: Use,
    /// Whether the browser is made to post the response to us (Form Post Response Mode), and not to bring it in a URL.
    pub form_post: bool,
    /// How a logout goes on at the authorization server, where it has an `end_session_endpoint`.
    pub end_session: EndSession,
    /// Whether it was marked as the one the login uses.
    pub login: bool,
    /// The `prompt` of the authorization request; empty sends none.
    pub prompt: String,
    /// Further parameters of the authorization request, ordered by name.
    pub parameters: Vec<(String, String)>,
    /// The ways of silent re-login that the deployment allows, if it says so.
    pub silent: Option<Vec<Way>>,
    /// The resources of its upstreams that are handed tokens (RFC 8707): a login asks for all of them.
    pub resources: Vec<String>,
    /// Whether its profile says that what is asked for with less scope narrows the grant for good.
    pub narrows: bool,
    /// How users log in there, where it is a Supabase project.
    pub supabase: Option<SupabaseLogin>,
}

impl ProviderConfig {
    /// The name of the secret that holds what the client authenticates with: `SECRET_DEMO_CLIENT_SECRET`,
    /// `SECRET_DEMO_CLIENT_KEY` or `SECRET_DEMO_API_KEY`.
    #[must_use]
    pub fn credential_name(&self) -> String {
        let kind = match self.client_auth {
            ClientAuth::SecretBasic | ClientAuth::SecretPost => "CLIENT_SECRET",
            ClientAuth::PrivateKeyJwt => "CLIENT_KEY",
            ClientAuth::ApiKey => "API_KEY",
        };
        alloc::format!("SECRET_{}_{kind}", self.name.to_ascii_uppercase())
    }

    /// Where the provider sends the browser back to.
    #[must_use]
    pub fn redirect_uri(&self, origins: &Origins) -> String {
        alloc::format!("{}/auth/callback/{}", origins.canonical(), self.name)
    }

    /// The ways of silent re-login, the least noticeable first. Where the deployment does not say, a frame is one of them only if app
    /// and provider are of one site for certain: elsewhere most browsers keep the provider's cookie from it.
    #[must_use]
    pub fn silent_ways(&self, origins: &Origins) -> Vec<Way> {
        let is_neighbour =
            || HttpUrl::parse(&self.issuer).is_some_and(|url| url.origin().is_same_host(origins.canonical()));
        let allowed = |way: &Way| match &self.silent {
            Some(ways) => ways.contains(way),
            None => *way != Way::Frame || is_neighbour(),
        };
        Way::ALL.into_iter().filter(allowed).collect()
    }

    /// Where an authorization request is pushed to before the browser is sent on; nowhere, where the browser takes it there.
    ///
    /// # Errors
    ///
    /// A reason for the log where the provider cannot do what the configuration requires, or the other way round.
    pub fn push_to<'a>(&self, metadata: &'a ProviderMetadata) -> Result<Option<&'a HttpUrl>, &'static str> {
        let endpoint = metadata.pushed_authorization_request_endpoint.as_ref();
        match (self.par, endpoint) {
            (Use::Never, _) if metadata.requires_pushed_authorization_requests => {
                Err("the provider takes pushed authorization requests only")
            }
            (Use::Required, None) => Err("the provider takes no pushed authorization requests"),
            (Use::WhereOffered, None) if metadata.requires_pushed_authorization_requests => {
                Err("the provider requires pushed authorization requests and does not say where")
            }
            (Use::Never, _) | (Use::WhereOffered, None) => Ok(None),
            (Use::WhereOffered | Use::Required, Some(endpoint)) => Ok(Some(endpoint)),
        }
    }

    /// Where a browser is sent to be logged out at the provider as well, if that may be and can be.
    #[must_use]
    pub fn end_session_at<'a>(&self, metadata: &'a ProviderMetadata) -> Option<&'a HttpUrl> {
        metadata.end_session_endpoint.as_ref().filter(|_| self.end_session != EndSession::Never)
    }

    /// Whether it is shown the ID Token then.
    #[must_use]
    pub fn shows_hint(&self, metadata: &ProviderMetadata) -> bool {
        self.end_session == EndSession::Post && metadata.end_session_endpoint.is_some()
    }

    /// What kind of tokens a login asks for.
    ///
    /// # Errors
    ///
    /// A reason for the log where bound ones are required and the provider does not offer them.
    pub fn accepted(&self, metadata: &ProviderMetadata) -> Result<Accepted, &'static str> {
        match (self.dpop, metadata.binds_tokens) {
            (Use::Never, _) | (Use::WhereOffered, false) => Ok(Accepted::Bearer),
            (Use::WhereOffered, true) => Ok(Accepted::Either),
            (Use::Required, true) => Ok(Accepted::Dpop),
            (Use::Required, false) => Err("the provider does not offer DPoP with ES256"),
        }
    }

    /// Checks what it is used for. A form is of the login: a further account is linked by leading the browser away.
    pub(super) fn check_use(&self, login: Option<&Self>, errors: &mut Vec<ConfigError>) {
        let is_login = login.is_some_and(|login| login.name == self.name);
        if let Some(SupabaseLogin { provider: None, .. }) = &self.supabase
            && !is_login
        {
            let variable = [PREFIX, &self.name.to_ascii_uppercase()].concat();
            let problem = "is missing, and without it no account can be linked there";
            let expected =
                "the name of a provider that the project knows, such as \"google\", or `login = true`";
            errors.push(ConfigError::meaning(&variable, Some("provider"), problem, expected));
        }
    }

    /// Checks what the shape of the variable cannot show.
    pub(super) fn check(&self, errors: &mut Vec<ConfigError>) {
        let RefreshGrant { grace, idle, .. } = self.provider.refresh_grant();
        let mut meaning = |field, problem, expected| {
            let variable = [PREFIX, &self.name.to_ascii_uppercase()].concat();
            errors.push(ConfigError::meaning(&variable, Some(field), problem, expected));
        };
        if grace.window != Window::None && grace.replay == Replay::Refused {
            meaning("grace", "has a window in which nothing is forgiven", grace::FORGIVING);
        }
        if idle.is_some_and(|idle| idle < SHORTEST_IDLE) {
            meaning(
                "grant_idle",
                "is so short that the grant would be refreshed all the time",
                "\"10s\" or longer",
            );
        }
    }

    pub(super) fn read(
        variable: &str,
        name: &str,
        value: &Value,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        if value.get("kind").and_then(Value::as_str) == Some("supabase") {
            return supabase::read(variable, name, value, errors);
        }
        let table = Table::read(variable, value, &FIELDS, EXPECTED, errors)?;
        let provider = table.field("kind", "\"oidc\" or \"supabase\"", errors, None, |value| {
            (value.as_str()? == "oidc").then_some(Provider::OPEN_ID_CONNECT)
        });
        let issuer = table.field(
            "issuer",
            "an https URL without query, such as \"https://as.example\", exactly as the provider's discovery document writes it; http only for localhost",
            errors,
            None,
            |value| value.as_str().filter(|text| is_issuer(text)).map(str::to_string),
        );
        let client_id = table.field(
            "client_id",
            "the id of the registered client, 1 to 256 printable ASCII characters",
            errors,
            None,
            |value| value.as_str().filter(|text| is_printable(text) && !text.is_empty()).map(str::to_string),
        );
        let scopes = table.field(
            "scopes",
            "a list of 1 to 32 different scopes with \"openid\" among them, such as [\"openid\", \"offline_access\"]",
            errors,
            Some(["openid", "offline_access"].map(str::to_string).to_vec()),
            |value| table::texts(value, 32, is_scope).filter(|scopes| scopes.iter().any(|scope| scope == "openid")),
        );
        let client_auth = table.field(
            "client_auth",
            "\"client_secret_basic\", \"client_secret_post\" or \"private_key_jwt\"",
            errors,
            Some(ClientAuth::SecretBasic),
            |value| match value.as_str()? {
                "client_secret_basic" => Some(ClientAuth::SecretBasic),
                "client_secret_post" => Some(ClientAuth::SecretPost),
                "private_key_jwt" => Some(ClientAuth::PrivateKeyJwt),
                _ => None,
            },
        );
        let assertion_audience = table.field(
            "assertion_audience",
            "\"issuer\" or \"token_endpoint\"",
            errors,
            Some(Audience::Issuer),
            |value| match value.as_str()? {
                "issuer" => Some(Audience::Issuer),
                "token_endpoint" => Some(Audience::TokenEndpoint),
                _ => None,
            },
        );
        let par = table.field("par", Use::EXPECTED, errors, Some(Use::WhereOffered), Use::read);
        let dpop = table.field("dpop", Use::EXPECTED, errors, Some(Use::WhereOffered), Use::read);
        let form_post =
            table.field("response_mode", "\"query\" or \"form_post\"", errors, Some(false), |value| {
                match value.as_str()? {
                    "query" => Some(false),
                    "form_post" => Some(true),
                    _ => None,
                }
            });
        let end_session = table.field(
            "end_session",
            EndSession::EXPECTED,
            errors,
            Some(EndSession::Post),
            EndSession::read,
        );
        let login = table.field("login", "true or false", errors, Some(false), Value::as_bool);
        // OpenID Connect Core, section 11: a request for offline_access carries `prompt=consent`, or the provider may ignore
        // the scope, and then there is no refresh token and no session that lasts.
        let offline = scopes.iter().flatten().any(|scope| scope == "offline_access");
        let prompt = table.field(
            "prompt",
            "\"consent\", \"login\", \"select_account\", or \"\" to send none",
            errors,
            Some(if offline { "consent" } else { "" }.to_string()),
            |value| {
                value
                    .as_str()
                    .filter(|text| ["", "consent", "login", "select_account"].contains(text))
                    .map(str::to_string)
            },
        );
        let parameters = table.field(
            "parameters",
            "a table of at most 16 texts such as { access_type = \"offline\" }, with none of the parameters that Everlit sets itself",
            errors,
            Some(Vec::new()),
            parameters,
        );
        let silent = table.field(
            "silent",
            "a list of ways, each at most once: \"frame\", \"popup\", \"redirect\"; [] turns it off",
            errors,
            Some(None),
            |value| ways(value).map(Some),
        );
        let grant = refresh_grant(variable, &table, errors);
        Some(Self {
            name: name.to_string(),
            provider: Provider { grant: grant?, ..provider? },
            issuer: issuer?,
            client_id: client_id?,
            scopes: scopes?,
            client_auth: client_auth?,
            assertion_audience: assertion_audience?,
            par: par?,
            dpop: dpop?,
            form_post: form_post?,
            end_session: end_session?,
            login: login?,
            prompt: prompt?,
            parameters: parameters?,
            silent: silent?,
            resources: Vec::new(),
            narrows: keeps_one_token(&table),
            supabase: None,
        })
    }
}

/// What is set of the provider's refresh tokens.
pub(super) fn refresh_grant(
    variable: &str,
    table: &Table<'_>,
    errors: &mut Vec<ConfigError>,
) -> Option<RefreshGrant> {
    let RefreshGrant { keep, shared, .. } = Provider::OPEN_ID_CONNECT.refresh_grant();
    let grace = grace::read(variable, table.raw("grace"), errors);
    let idle = table.field("grant_idle", duration::EXPECTED, errors, Some(None), |value| {
        parse_duration(value.as_str()?).map(Some)
    });
    let keep =
        table.field(
            "keep_grant",
            "\"until_idle_limit\" or \"never\"",
            errors,
            Some(keep),
            |value| match value.as_str()? {
                "until_idle_limit" => Some(KeepGrant::UntilIdleLimit),
                "never" => Some(KeepGrant::Never),
                _ => None,
            },
        );
    let shared = table.field("grants", "\"shared\" or \"per_login\"", errors, Some(shared), |value| {
        match value.as_str()? {
            "shared" => Some(true),
            "per_login" => Some(false),
            _ => None,
        }
    });
    let ends_tokens = keeps_one_token(table);
    let ends_tokens =
        table.field("refresh_ends_tokens", "true or false", errors, Some(ends_tokens), Value::as_bool);
    Some(RefreshGrant { grace: grace?, idle: idle?, keep: keep?, shared: shared?, ends_tokens: ends_tokens? })
}

/// What the profile of its server says, whatever was set over it.
fn keeps_one_token(table: &Table<'_>) -> bool {
    let grace = table.raw("grace");
    let name = grace.and_then(|grace| grace.as_str().or_else(|| grace.get("profile")?.as_str()));
    name.is_some_and(|name| servers::ONE_TOKEN.contains(&name))
}

/// OpenID Connect Discovery, section 2: an issuer has no query and no fragment.
pub(super) fn is_issuer(text: &str) -> bool {
    text.len() <= 512 && HttpUrl::parse(text).is_some_and(|url| url.query().is_none())
}

/// VSCHAR of RFC 6749, appendix A.
fn is_printable(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// A scope-token of RFC 6749, section 3.3.
pub(super) fn is_scope(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

fn ways(value: &Value) -> Option<Vec<Way>> {
    let named: Vec<Way> =
        value.as_array()?.iter().map(|name| name.as_str().and_then(Way::from_name)).collect::<Option<_>>()?;
    let once = |way: &Way| named.iter().filter(|other| *other == way).count() < 2;
    Way::ALL.iter().all(once).then_some(named)
}

fn parameters(value: &Value) -> Option<Vec<(String, String)>> {
    let table = value.as_object().filter(|table| table.len() <= 16)?;
    let mut parameters = Vec::with_capacity(table.len());
    for (name, value) in table {
        let plain = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.'));
        let value = value
            .as_str()
            .filter(|text| plain && is_printable(text) && !RESERVED.contains(&name.as_str()))?;
        parameters.push((name.clone(), value.to_string()));
    }
    Some(parameters)
}
