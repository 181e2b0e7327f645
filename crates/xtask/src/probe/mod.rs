//! `cargo xtask probe`: what a real authorization server forgives, measured with grants that are thrown away.

mod login;
mod measure;
mod plan;
mod report;
mod server;
mod verdict;

use crate::cli::ProbeArgs;
use crate::repo::Repo;
use crate::{say, stack};
use anyhow::{Context as _, Result, bail};
use everlit_core::secret::Secret;
use everlit_edge::base64url;
use everlit_edge::config::{ClientAuth, Config, ProviderConfig, Variables, parse_duration};
use everlit_edge::oauth::{ClientRequest, TokenAnswer, TokenResponse};
use login::Callback;
use measure::{Answer, Lab, Stopped};
use serde_json::Value;
use server::Server;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use toml::Table;
use verdict::{Observations, Verdict};

/// Waits longer than this are not worth a person's time: what is forgiven for an hour is forgiven for any lost answer.
const LONGEST: Duration = Duration::from_secs(3_600);

/// `cargo xtask probe`
pub(crate) fn run(args: &ProbeArgs) -> Result<ExitCode> {
    let longest = parse_duration(&args.max_window).map(|time| Duration::from_millis(time.as_millis()));
    let longest = longest.filter(|time| *time <= LONGEST).with_context(|| {
        format!("--max-window {} is not a time such as \"30s\" or \"5m\", at most an hour", args.max_window)
    })?;
    let file = match &args.file {
        Some(file) => file.clone(),
        None => Repo::find()?.at("wrangler.toml"),
    };
    let provider = provider(&file, args.provider.as_deref())?;
    if provider.client_auth == ClientAuth::PrivateKeyJwt {
        bail!("a client with private_key_jwt cannot be probed: register one with a secret beside it");
    }
    if provider.client_auth == ClientAuth::ApiKey {
        bail!(
            "a Supabase project is not probed: what it forgives is known (crates/edge/src/provider/supabase)"
        );
    }
    let secret = client_secret(&provider.credential_name(), &file)?;
    let server = Server::discover(provider, secret)?;
    let callback = Callback::open(args.redirect_port)?;
    explain(&server, &callback, longest, args.max_logins);
    if !args.yes {
        confirm()?;
    }

    let mut seen = Observations::default();
    let mut lab = Real::new(&server, &callback, args.max_logins);
    let stopped = measure::run(&mut lab, longest, args.max_logins, &mut seen).err().map(|Stopped(why)| why);
    lab.clean_up();
    let verdict = Verdict::of(&seen);
    say::step("found");
    for sentence in report::sentences(&verdict, longest) {
        say::note(&sentence);
    }
    if let Some(why) = &stopped {
        say::note(&format!("The measurement ended early: {why}."));
    }
    if args.json {
        println!("{}", report::json(&verdict, lab.spent, stopped.as_deref()));
    } else {
        println!("{}", report::line(&verdict));
    }
    Ok(if stopped.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The provider of this name, or the one that the login uses.
fn provider(file: &Path, name: Option<&str>) -> Result<ProviderConfig> {
    let table = stack::read_config(file)?;
    let config = parse(&table)
        .with_context(|| format!("{} is wrong: `cargo xtask config check` says where", file.display()))?;
    let Some(name) = name else { return Ok(config.login_provider().clone()) };
    let name = name.to_ascii_lowercase();
    config.provider(&name).cloned().with_context(|| {
        let known: Vec<&str> = config.providers().iter().map(|provider| provider.name.as_str()).collect();
        format!("{} has no provider `{name}`; there are: {}", file.display(), known.join(", "))
    })
}

/// The configuration, whichever secrets are set.
fn parse(table: &Table) -> Option<Config> {
    let mut variables = Variables::new();
    for (name, value) in table.get("vars")?.as_table()? {
        variables = variables.json(name, serde_json::to_value(value).ok()?);
    }
    // The secrets that it misses are those that it needs.
    let needed = Config::parse(&variables).err().unwrap_or_default();
    for error in needed.iter().filter(|error| Variables::is_secret_name(&error.variable)) {
        variables = variables.secret(&error.variable);
    }
    Config::parse(&variables).ok()
}

/// From the environment, else from the .dev.vars beside the configuration. Never from the command line, which every user of
/// the machine can read.
fn client_secret(name: &str, file: &Path) -> Result<Secret<String>> {
    let dev_vars = file.with_file_name(".dev.vars");
    let found = env::var(name).ok().filter(|value| !value.is_empty());
    let found = found.or_else(|| line_of(&fs::read_to_string(&dev_vars).ok()?, name));
    found.map(Secret::new).with_context(|| {
        format!(
            "the client secret is missing: set {name} in the environment, or write {name}=... into {}",
            dev_vars.display()
        )
    })
}

/// The value of `NAME=value`, with or without quotes.
fn line_of(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        let value = value.trim();
        let bare = ['"', '\'']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(value);
        (key.trim() == name && !bare.is_empty()).then(|| bare.to_owned())
    })
}

fn explain(server: &Server, callback: &Callback, longest: Duration, most: u32) {
    let issuer = &server.metadata.issuer;
    say::step(&format!("measuring what {issuer} forgives when a refresh token is presented twice"));
    for line in [
        format!("Redirect URI to register for client {}: {}", server.provider.client_id, callback.redirect_uri),
        format!(
            "Each measurement spends a login: 2 where nothing is forgiven, 5 where there is a window, at most {most} where \
             the server counts replays. A window takes up to four times its length, at most {}.",
            say::elapsed(longest * 4)
        ),
        "Log in as the same user each time, and each time in a new private window: some servers make one grant of all \
         logins of a browser."
            .to_owned(),
        "Use a test account. Only the grants made here are used, and they are revoked at the end; but a server may answer a \
         replay by ending every session of that user at this client, and finding that out is part of it."
            .to_owned(),
    ] {
        say::note(&line);
    }
}

fn confirm() -> Result<()> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("nobody can be asked here: say that it may begin with --yes");
    }
    eprint!("    Begin? Type yes: ");
    let mut said = String::new();
    stdin.lock().read_line(&mut said).context("cannot read the answer")?;
    if said.trim().eq_ignore_ascii_case("yes") { Ok(()) } else { bail!("not begun") }
}

/// A real server, and a person at a browser.
struct Real<'a> {
    server: &'a Server,
    callback: &'a Callback,
    most: u32,
    began: Instant,
    spent: u32,
    /// Whose login the first one was, where the server says.
    user: Option<String>,
    /// The newest refresh token of each grant, to be revoked at the end.
    grants: Vec<Secret<String>>,
}

impl<'a> Real<'a> {
    fn new(server: &'a Server, callback: &'a Callback, most: u32) -> Self {
        Self { server, callback, most, began: Instant::now(), spent: 0, user: None, grants: Vec::new() }
    }

    fn remember(&mut self, old: &Secret<String>, new: &Secret<String>) {
        match self.grants.iter_mut().find(|token| *token == old) {
            Some(token) => *token = new.clone(),
            None => self.grants.push(new.clone()),
        }
    }

    fn clean_up(&mut self) {
        let all = std::mem::take(&mut self.grants);
        let revoked = all.iter().filter(|token| self.server.revoke(token)).count();
        if revoked < all.len() {
            say::note(
                "Not every grant could be revoked: end the test account's sessions at the authorization server.",
            );
        }
    }
}

impl Lab for Real<'_> {
    type Token = Secret<String>;

    fn log_in(&mut self, what_for: &str) -> Result<Self::Token, Stopped> {
        say::step(&format!(
            "login {} of at most {} ({what_for}); open in a new private window:",
            self.spent + 1,
            self.most
        ));
        let tokens = self.callback.log_in(self.server).map_err(|error| Stopped(format!("{error:#}")))?;
        self.spent += 1;
        let TokenResponse { refresh_token, id_token, .. } = tokens;
        let token = refresh_token.ok_or_else(|| {
            Stopped(
                "the login brought no refresh token: see `scopes` and `parameters` of the provider"
                    .to_owned(),
            )
        })?;
        let user = id_token.as_ref().and_then(|token| subject(token.expose()));
        if self.user.is_some() && user.is_some() && self.user != user {
            return Err(Stopped("that was another user: all logins are to be one user's".to_owned()));
        }
        self.user = self.user.take().or(user);
        self.grants.push(token.clone());
        Ok(token)
    }

    fn refresh(&mut self, token: &Self::Token) -> Result<Answer<Self::Token>, Stopped> {
        match self.server.token(&ClientRequest::refresh(self.server.client(), token)) {
            TokenAnswer::Granted(TokenResponse { access_token, refresh_token, .. }) => {
                if let Some(next) = &refresh_token {
                    self.remember(token, next);
                }
                Ok(Answer::Granted(access_token, refresh_token))
            }
            TokenAnswer::Reauth { .. } => Ok(Answer::Refused),
            TokenAnswer::Transient { reason, .. }
            | TokenAnswer::Throttled { reason, .. }
            | TokenAnswer::Unreadable { reason }
            | TokenAnswer::NotDone { reason }
            | TokenAnswer::Unusable { reason, .. }
            | TokenAnswer::Misconfigured { reason } => Err(Stopped(format!(
                "a token request had an answer that says nothing about its grant: {reason}"
            ))),
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn wait_until(&mut self, time: Duration, what_for: &str) {
        let mut heart = say::Heartbeat::new(what_for);
        while let Some(left) = time.checked_sub(self.began.elapsed()).filter(|left| !left.is_zero()) {
            thread::sleep(left.min(Duration::from_millis(200)));
            heart.beat();
        }
    }
}

/// The `sub` of an ID Token, unverified: it came from the token endpoint itself, and only tells one user from another.
fn subject(id_token: &str) -> Option<String> {
    let claims = base64url::decode(id_token.split('.').nth(1)?)?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_found_in_dev_vars() {
        let text = "# mine\nSECRET_A=one\n SECRET_B = \"two words\"\nSECRET_C='x'\nSECRET_D=\n";
        for (name, value) in [
            ("SECRET_A", Some("one")),
            ("SECRET_B", Some("two words")),
            ("SECRET_C", Some("x")),
            ("SECRET_D", None),
            ("SECRET", None),
        ] {
            assert_eq!(line_of(text, name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn the_user_is_read_from_an_id_token() {
        let claims = base64url::encode(br#"{"sub":"ada"}"#);
        assert_eq!(subject(&format!("e30.{claims}.x")).as_deref(), Some("ada"));
        assert_eq!(subject("no"), None);
        assert_eq!(subject("a.b!.c"), None);
    }

    #[test]
    fn the_provider_is_the_named_one_or_the_one_of_the_login() {
        let file = Repo::find().unwrap().at("wrangler.toml");
        assert_eq!(provider(&file, None).unwrap().name, "demo");
        assert_eq!(provider(&file, Some("DEMO")).unwrap().name, "demo");
        assert!(format!("{:#}", provider(&file, Some("other")).unwrap_err()).contains("there are: demo"));
    }
}
