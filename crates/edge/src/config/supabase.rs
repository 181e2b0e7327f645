//! One Supabase project as a provider: `kind = "supabase"`.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::Value;

use super::provider::{ProviderConfig, is_issuer, refresh_grant};
use super::table::{self, Table};
use super::{Audience, ClientAuth, ConfigError, EndSession, Use};
use crate::provider::supabase::login::{BASE, Form};
use crate::provider::{Provider, RefreshGrant};

const EXPECTED: &str = "a table such as { kind = \"supabase\", url = \"https://x.supabase.co\", provider = \"google\" }, or with form = [\"password\"]";

const FIELDS: [&str; 7] = ["kind", "url", "provider", "form", "login", "grant_idle", "keep_grant"];

/// How users log in at a Supabase project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupabaseLogin {
    /// At another provider, by the name that the project has for it.
    pub provider: Option<String>,
    /// By a form of ours, the first way first.
    pub forms: Vec<Form>,
}

pub(super) fn read(
    variable: &str,
    name: &str,
    value: &Value,
    errors: &mut Vec<ConfigError>,
) -> Option<ProviderConfig> {
    let table = Table::read(variable, value, &FIELDS, EXPECTED, errors)?;
    let url = table.field(
        "url",
        "the project's address, an https URL without query, such as \"https://x.supabase.co\"; http only for localhost",
        errors,
        None,
        |value| value.as_str().filter(|text| is_issuer(text)),
    );
    let provider = table.field(
        "provider",
        "the name of a provider that the project knows, such as \"google\": 1 to 64 letters, digits or . _ : -",
        errors,
        Some(None),
        |value| value.as_str().filter(|text| is_name(text)).map(|text| Some(text.to_string())),
    );
    // Without either nobody could log in.
    let default = if table.raw("provider").is_some() { Some(Vec::new()) } else { None };
    let forms = table.field(
        "form",
        "a list of 1 to 3 different ways, \"password\", \"code\" or \"link\"; or `provider` in its place",
        errors,
        default,
        |value| {
            let names = table::texts(value, 3, |name| Form::from_name(name).is_some())?;
            names.iter().map(|name| Form::from_name(name)).collect::<Option<Vec<_>>>()
        },
    );
    let login = table.field("login", "true or false", errors, Some(false), Value::as_bool);
    let grant = refresh_grant(variable, &table, errors);
    let RefreshGrant { idle, keep, .. } = grant?;
    let grant = RefreshGrant { idle, keep, ..Provider::SUPABASE.refresh_grant() };
    let url = url?;
    Some(ProviderConfig {
        name: name.to_string(),
        provider: Provider { grant, ..Provider::SUPABASE },
        issuer: [url.strip_suffix('/').unwrap_or(url), BASE].concat(),
        // The key is of the project, and names no client.
        client_id: String::new(),
        scopes: Vec::new(),
        client_auth: ClientAuth::ApiKey,
        assertion_audience: Audience::Issuer,
        par: Use::Never,
        dpop: Use::Never,
        form_post: false,
        end_session: EndSession::Never,
        login: login?,
        prompt: String::new(),
        parameters: Vec::new(),
        silent: Some(Vec::new()),
        resources: Vec::new(),
        narrows: false,
        supabase: Some(SupabaseLogin { provider: provider?, forms: forms? }),
    })
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}
