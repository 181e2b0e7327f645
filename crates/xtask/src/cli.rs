//! The commands and their flags.

use crate::demo::provider::Provider;
use crate::{bench, build, config, cost, demo, keys, model, probe, service, setup, sim, size, test};
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Developer commands of Everlit. A fresh clone needs Rust (rustup) and Node 20 or newer; the tests
/// need Python 3.10 or newer as well.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One command each.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start everything locally and print one address to open, or a broker's days (--provider); with --headless it plays by itself and reports
    Demo(DemoArgs),
    /// Run every test tier, or the named ones, and print `N passed, N failed, N skipped`
    Test(TestArgs),
    /// Build the Worker, the npm package and the demo app
    Build(BuildArgs),
    /// Print the sizes of what is deployed and of what a page loads
    Size(SizeArgs),
    /// Measure the Worker against the same in JavaScript, or the page's session against other libraries
    Bench(BenchArgs),
    /// Check the configuration in both files wrangler.toml before it is deployed
    Config(ConfigArgs),
    /// Renew the session key without logging anybody out, and say when the old one may go
    Keys(KeysArgs),
    /// Run the simulator; its flags are its own, see `cargo xtask sim --help`
    #[command(disable_help_flag = true)]
    Sim(SimArgs),
    /// Explore every order of events around a vault, up to a bound, and show that each law would notice a mistake
    Model(ModelArgs),
    /// Measure what an authorization server forgives, and print the `grace` line for wrangler.toml
    Probe(ProbeArgs),
    /// Take over a service's token from where it was kept by hand, say how the service stands, or make the address to log in
    Service(ServiceArgs),
    /// Count what a session writes, and print what a month costs at list prices
    Cost(CostArgs),
    /// Install every tool, npm package and browser that the other commands need
    Setup,
}

/// Flags of `demo`.
#[derive(Args)]
#[command(
    after_help = "With --provider there is no app and no browser: a stand-in speaks the broker's wire, the services Worker looks \
                  after an account there, and both go by one clock that is moved. Without --headless the commands are printed \
                  that a person can copy: where it stands, a token, a login, the clock. With --headless three days are played, \
                  in some 20 seconds, while programs ask for the token all along; the last line is then \
                  {\"provider\":…,\"checks\":…,\"cutoffs\":…,\"renewals\":…,\"alerts\":…,\"calls_ok\":…,\"calls_none\":…,\"lost\":0}. With --human \
                  there is an app, a small trading desk at Breeze or Upstox, with a button that ends the broker's day; what to open and what \
                  to do there is printed. With --headless it is played in every browser that there is: an expiry in the middle of an \
                  operation in two tabs, a wrong token, a cancel, the operation started again, the right token, a valid session; the last \
                  line is {\"provider\":…,\"engines\":[…],\"requests_waiting\":…,\"requests_completed\":…,\"requests_cancelled\":…,\"dialogs\":…,\
                  \"duplicated\":0,\"lost\":0}."
)]
pub(crate) struct DemoArgs {
    /// Show a broker's token that dies by the clock, and the services Worker, instead of the app
    #[arg(long, value_enum, conflicts_with_all = ["access_ttl", "tabs", "rotations"])]
    pub(crate) provider: Option<Provider>,
    /// With --provider breeze or upstox: a trading desk in the browser, where one dialog asks when the broker's day ends, and the work goes on
    #[arg(long, requires = "provider")]
    pub(crate) human: bool,
    /// Seconds an access token lives [default: 60, with --headless 20]
    #[arg(long, value_parser = clap::value_parser!(u32).range(5..=86_400))]
    pub(crate) access_ttl: Option<u32>,
    /// Port of the app, or of the services Worker [default: 8787 when it is free, else a free one]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Let headless Chromium log in, open the tabs and wait for the rotations, or play the broker's days; ends with one JSON object
    #[arg(long)]
    pub(crate) headless: bool,
    /// Tabs to open (with --headless)
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) tabs: u32,
    /// Rotations of the refresh token to wait for (with --headless)
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rotations: u32,
    /// Print the addresses as one JSON object instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `test`.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Tiers to run [default: all, see --list]
    pub(crate) tiers: Vec<String>,
    /// Only list the tiers
    #[arg(long)]
    pub(crate) list: bool,
    /// End with one JSON object instead of the total line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `build`.
#[derive(Args)]
pub(crate) struct BuildArgs {
    /// The services Worker: worker/services/build; needed by whoever has accounts at brokers
    #[arg(long)]
    pub(crate) services: bool,
    /// The edge Worker: worker/build
    #[arg(long)]
    pub(crate) worker: bool,
    /// The npm package: crates/web/dist
    #[arg(long)]
    pub(crate) web: bool,
    /// The demo app: www/dist (builds the npm package first)
    #[arg(long)]
    pub(crate) www: bool,
    /// All of it, which is also the default
    #[arg(long)]
    pub(crate) all: bool,
    /// End with one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `size`.
#[derive(Args)]
pub(crate) struct SizeArgs {
    /// End with one JSON object instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// `bench` has subcommands of its own.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: BenchCommand,
}

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    /// 1,000 callers at expiry, a fresh token, a proxied call, and the memory of 1,000 sessions; fails where a limit is missed
    Vault {
        /// End with one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// A program's question for the token of an account, through both Workers, with a token and without one; fails over 50 ms
    Services {
        /// End with one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// From the click on "Update" to the answer of a call that waited, beside the two requests of which that is made; fails where a limit is missed
    Update {
        /// End with one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// A page's start in Chromium beside auth0-spa-js and oidc-client-ts, and what session.fetch costs; fails where a limit is missed
    Client {
        /// End with one JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
}

/// `config` has subcommands of its own.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// What to do with the configuration.
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

/// What can be done with a configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Name each variable that is wrong, what it should look like, and the secrets to set
    Check {
        /// The file to check [default: the wrangler.toml of this repository, and that in worker/services]
        #[arg(long)]
        file: Option<PathBuf>,
        /// End with one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// `keys` has subcommands of its own.
#[derive(Args)]
pub(crate) struct KeysArgs {
    /// What to do with the keys.
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

/// What can be done with the session keys.
#[derive(Subcommand)]
#[command(after_help = "Once a month, and when somebody leaves who knows the key:\n\n  \
                  npx wrangler secret list | cargo xtask keys rotate --names - --put\n\n\
                  sets the next version beside the present one. Nobody is logged out: what the old key made still works, and\n\
                  is made anew little by little. What is printed says until when the old one is needed, and how to remove it\n\
                  then; `keys status` says it again. (A key that got out is removed at once instead, and whoever has not moved to\n\
                  the new one logs in again.)")]
pub(crate) enum KeysCommand {
    /// Make the next version of the session key: print the commands that set it, or set it (--put, --local)
    Rotate(KeysRotateArgs),
    /// Say which key is current, until when the older ones are needed, and when the next rotation is due
    Status(KeysStatusArgs),
    /// Write a new key to stdout, for the program at the other end of a pipe; refuses to show it on a terminal
    New {
        /// Show it on a terminal after all
        #[arg(long)]
        show: bool,
    },
}

/// Flags of `keys rotate`.
#[derive(Args)]
pub(crate) struct KeysRotateArgs {
    /// The names of the secrets that are set, or - for what `npx wrangler secret list` prints on stdin
    #[arg(long, conflicts_with = "local")]
    pub(crate) names: Option<String>,
    /// The highest version that is set now (SECRET_SESSION_KEY is version 1)
    #[arg(long, conflicts_with_all = ["names", "local"], value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) current: Option<u8>,
    /// Hand the key to `wrangler secret put` right away; asks wrangler for the versions where none are given
    #[arg(long, conflicts_with = "local")]
    pub(crate) put: bool,
    /// Add the key to .dev.vars beside the configuration instead, for `wrangler dev`
    #[arg(long, conflicts_with = "env")]
    pub(crate) local: bool,
    /// The environment of the deployment, as for wrangler
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// The configuration, which says the idle limit [default: the wrangler.toml of this repository]
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// Make no key and change nothing; only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// End with one JSON object instead of sentences
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `keys status`.
#[derive(Args)]
pub(crate) struct KeysStatusArgs {
    /// The names of the secrets that are set, or - for what `npx wrangler secret list` prints on stdin [default: those in .dev.vars]
    #[arg(long)]
    pub(crate) names: Option<String>,
    /// The day on which the current key was set, such as 2026-11-21
    #[arg(long)]
    pub(crate) rotated: Option<String>,
    /// The environment of the deployment, as for wrangler
    #[arg(long)]
    pub(crate) env: Option<String>,
    /// The configuration, which says the idle limit [default: the wrangler.toml of this repository]
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// End with one JSON object instead of sentences
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `sim`, passed on as they are.
#[derive(Args)]
pub(crate) struct SimArgs {
    /// Arguments of the simulator
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<String>,
}

/// Flags of `model`.
#[derive(Args)]
pub(crate) struct ModelArgs {
    /// Small bounds and all mutations, in less than a minute
    #[arg(long, conflicts_with = "deep")]
    pub(crate) quick: bool,
    /// Three rotations with every server, in some twenty minutes
    #[arg(long)]
    pub(crate) deep: bool,
    /// End with one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `probe`.
#[derive(Args)]
#[command(
    after_help = "An authorization server that rotates refresh tokens may forgive one that is presented twice, for a while. \
                  The Worker has to know for how long, with what, and what it costs to be wrong. Where the server's manual \
                  does not say, this measures it with a few logins of a test account, which are thrown away.\n\n\
                  The client secret comes from the environment (SECRET_<PROVIDER>_CLIENT_SECRET) or from .dev.vars beside \
                  the configuration. No token is ever printed. A window is what was proved, in whole seconds; what could \
                  not be seen is said to be unknown, and the line then has what harms least."
)]
pub(crate) struct ProbeArgs {
    /// The provider, as in PROVIDER_<NAME> [default: the one that the login uses]
    #[arg(long)]
    pub(crate) provider: Option<String>,
    /// The file with its issuer, client, scopes and client_auth [default: the wrangler.toml of this repository]
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// The longest time after which a refresh token is presented again, at most an hour
    #[arg(long, default_value = "5m")]
    pub(crate) max_window: String,
    /// The most logins to ask for
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(2..=40))]
    pub(crate) max_logins: u32,
    /// Port of the redirect URI http://127.0.0.1:<port>/callback, to be registered for the client
    #[arg(long, default_value_t = 8976)]
    pub(crate) redirect_port: u16,
    /// Begin without asking: every session of the test account at this client may end
    #[arg(long)]
    pub(crate) yes: bool,
    /// End with one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// `service` has subcommands of its own.
#[derive(Args)]
pub(crate) struct ServiceArgs {
    /// What to do with the service.
    #[command(subcommand)]
    pub(crate) command: ServiceCommand,
}

/// What can be done with a service of a deployment.
#[derive(Subcommand)]
pub(crate) enum ServiceCommand {
    /// Hand in the token that an environment file, a JSON file or this environment holds
    Import(ServiceImportArgs),
    /// Say how a service stands: its token's end, the next check, who is needed
    Status {
        /// The service, as in SERVICE_<NAME>
        name: String,
        /// Where it is.
        #[command(flatten)]
        door: ServiceDoor,
    },
    /// Print an address at which somebody logs in for the service, once and soon
    Login {
        /// The service, as in SERVICE_<NAME>
        name: String,
        /// Where it is.
        #[command(flatten)]
        door: ServiceDoor,
    },
}

/// Where a service is, and who asks.
#[derive(Args)]
pub(crate) struct ServiceDoor {
    /// The Worker's address, such as https://app.example.com
    #[arg(long)]
    pub(crate) to: String,
    /// The variable of this environment that holds the service key; import and login need an operator's
    #[arg(long, default_value = "EVERLIT_SERVICE_KEY")]
    pub(crate) key_env: String,
    /// End with one JSON object instead of sentences
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `service import`.
#[derive(Args)]
#[command(
    after_help = "A token is looked for under the names that hand-written managers give it (…ACCESS_TOKEN, …SESSION_TOKEN, …API_SESSION, \
                  accessToken). It is handed in as imported, so the provider is asked before it counts. A time that a \
                  file gives for its end is handed on only where it is one moment: with a zone, or counted since 1970.\n\n\
                  No token is ever printed. What is read is not written to: at the end is said what to remove from it."
)]
pub(crate) struct ServiceImportArgs {
    /// An environment file (NAME=value), a JSON file, or the word env for this command's own environment
    pub(crate) source: PathBuf,
    /// The service, as in SERVICE_<NAME>
    #[arg(long)]
    pub(crate) service: String,
    /// The name of the token in it, where there are several or its name says nothing
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Whether it is the token itself or a code that one is had for [default: what its name says, else what it looks like]
    #[arg(long, value_parser = ["token", "code"])]
    pub(crate) kind: Option<String>,
    /// Hand nothing in; only say what would be
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where it is.
    #[command(flatten)]
    pub(crate) door: ServiceDoor,
}

/// Flags of `cost`.
#[derive(Args)]
#[command(
    after_help = "Rows, alarms and requests are counted in a real Worker in local workerd; how the app is used is assumed, and \
                  that is what the flags are for. Prices and formula: crates/xtask/src/cost/prices.rs.\n\n\
                  With --json the last line is {\"rows_per_refresh\":…,\"rows_per_proxied_call\":…,\"usd_month_per_million_users\":…}."
)]
pub(crate) struct CostArgs {
    /// People who use the app on a day
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) users: u32,
    /// Browsers that each of them is logged in with
    #[arg(long, default_value_t = 1.0)]
    pub(crate) sessions: f64,
    /// Hours a day in which somebody uses the app in a browser; beyond them the token is left to lapse
    #[arg(long, default_value_t = 8.0)]
    pub(crate) hours: f64,
    /// Seconds an access token lives
    #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(5..=604_800))]
    pub(crate) access_ttl: u32,
    /// Calls through the proxy, a day and browser
    #[arg(long, default_value_t = 30.0)]
    pub(crate) calls: f64,
    /// Page loads, a day and browser
    #[arg(long, default_value_t = 3.0)]
    pub(crate) loads: f64,
    /// Logins and logouts, a month and browser
    #[arg(long, default_value_t = 1.0)]
    pub(crate) logins: f64,
    /// Milliseconds of CPU that a request takes
    #[arg(long, default_value_t = 1.0)]
    pub(crate) cpu_ms: f64,
    /// Milliseconds that an object works for a request
    #[arg(long, default_value_t = 2.0)]
    pub(crate) object_ms: f64,
    /// Milliseconds that the authorization server takes to answer a refresh
    #[arg(long, default_value_t = 300.0)]
    pub(crate) answer_ms: f64,
    /// End with one JSON object instead of a bill
    #[arg(long)]
    pub(crate) json: bool,
}

impl Command {
    /// Whether the last line of stdout must be a JSON object, also when the command fails.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Demo(args) => args.json || args.headless,
            Self::Test(args) => args.json,
            Self::Build(args) => args.json,
            Self::Size(args) => args.json,
            Self::Bench(BenchArgs {
                command:
                    BenchCommand::Vault { json }
                    | BenchCommand::Client { json }
                    | BenchCommand::Services { json }
                    | BenchCommand::Update { json },
            }) => *json,
            Self::Config(ConfigArgs { command: ConfigCommand::Check { json, .. } }) => *json,
            Self::Keys(KeysArgs { command }) => match command {
                KeysCommand::Rotate(args) => args.json,
                KeysCommand::Status(args) => args.json,
                KeysCommand::New { .. } => false,
            },
            Self::Sim(args) => args.args.iter().any(|arg| arg == "--json"),
            Self::Model(args) => args.json,
            Self::Probe(args) => args.json,
            Self::Service(ServiceArgs { command }) => match command {
                ServiceCommand::Import(args) => args.door.json,
                ServiceCommand::Status { door, .. } | ServiceCommand::Login { door, .. } => door.json,
            },
            Self::Cost(args) => args.json,
            Self::Setup => false,
        }
    }

    /// Runs the command.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Demo(args) => demo::run(&args),
            Self::Test(args) => test::run(&args),
            Self::Build(args) => build::run(&args),
            Self::Size(args) => size::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Config(ConfigArgs { command: ConfigCommand::Check { file, json } }) => {
                config::check(file.as_deref(), json)
            }
            Self::Keys(args) => keys::run(args),
            Self::Sim(args) => sim::run(&args.args),
            Self::Model(args) => model::run(&args),
            Self::Probe(args) => probe::run(&args),
            Self::Service(args) => service::run(args),
            Self::Cost(args) => cost::run(&args),
            Self::Setup => setup::run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_one_helpful_line() {
        for command in Cli::command().get_subcommands() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.len() > 20, "{} says too little: {about:?}", command.get_name());
            assert!(!about.contains('\n'), "{} says more than a line", command.get_name());
        }
    }

    #[test]
    fn a_broker_takes_no_flag_that_is_about_the_app_and_an_unknown_one_is_told_which_there_are() {
        let parse =
            |line: &str| Cli::try_parse_from(line.split(' ')).map(drop).map_err(|error| error.to_string());
        assert_eq!(parse("xtask demo --provider upstox --headless --port 8799"), Ok(()));
        for flag in ["--tabs 3", "--rotations 3", "--access-ttl 60"] {
            let said = parse(&format!("xtask demo --provider breeze {flag}")).unwrap_err();
            let (name, _) = flag.split_once(' ').unwrap();
            assert!(said.contains("--provider") && said.contains(name), "{said}");
        }
        let said = parse("xtask demo --provider zerodha").unwrap_err();
        assert!(said.contains("zerodha") && said.contains("breeze, upstox, kite"), "{said}");
    }

    #[test]
    fn headless_and_json_promise_a_json_object() {
        let wants = |line: &str| Cli::parse_from(line.split(' ')).command.wants_json();
        assert!(wants("xtask demo --headless"));
        assert!(wants("xtask test --json"));
        assert!(wants("xtask bench vault --json"));
        assert!(wants("xtask bench client --json"));
        assert!(wants("xtask bench services --json"));
        assert!(wants("xtask config check --json"));
        assert!(wants("xtask keys rotate --current 1 --json"));
        assert!(wants("xtask keys status --json"));
        assert!(wants("xtask sim run --json"));
        assert!(wants("xtask service status broker --to https://app.example.com --json"));
        assert!(wants("xtask service import .env --service broker --to https://app.example.com --json"));
        assert!(!wants("xtask demo"));
    }
}
