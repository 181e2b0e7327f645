//! The tiers, quick ones first, and what each needs to be there.

use super::{Outcome, brokers, browser, deploy, native, node};
use crate::browsers::Engine;
use crate::python::{self, Environment};
use crate::repo::Repo;
use crate::tools::{self, Tool};
use crate::{build, npm};
use anyhow::{Result, bail};

/// A group of tests that is run and counted as one.
pub(crate) struct Tier {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it shows, in a line.
    pub(crate) about: &'static str,
    /// What must be there first.
    pub(crate) needs: &'static [Need],
    /// Runs it.
    pub(crate) run: fn(&Repo) -> Result<Outcome>,
}

/// Something that a tier cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// rustfmt or clippy.
    Component(&'static str),
    /// Rust's Wasm target.
    WasmTarget,
    /// Node and the npm packages.
    Npm,
    /// Python with one of the environments.
    Python(Environment),
    /// A tool that cargo installs.
    Tool(Tool),
    /// A browser; when it is missing the tier is skipped.
    Engine(Engine),
    /// worker/build, up to date.
    Worker,
    /// The same with fault points, up to date.
    WorkerWithFaults,
    /// worker/services/build, up to date.
    Services,
    /// crates/web/dist, up to date.
    Web,
    /// crates/web/dist with the Worker in it, up to date.
    Package,
    /// www/dist, up to date.
    Www,
}

impl Need {
    /// The browser that it is about.
    pub(crate) const fn engine(self) -> Option<Engine> {
        match self {
            Self::Engine(engine) => Some(engine),
            Self::Component(_)
            | Self::WasmTarget
            | Self::Npm
            | Self::Python(_)
            | Self::Tool(_)
            | Self::Worker
            | Self::WorkerWithFaults
            | Self::Services
            | Self::Web
            | Self::Package
            | Self::Www => None,
        }
    }

    fn ensure(self, repo: &Repo) -> Result<()> {
        match self {
            Self::Component(component) => tools::ensure_component(repo, component),
            Self::WasmTarget => tools::ensure_wasm_target(repo),
            Self::Npm => npm::ensure(repo),
            Self::Python(environment) => python::ensure(repo, environment).map(drop),
            Self::Tool(tool) => tool.ensure(repo).map(drop),
            // All browsers are looked for before the first tier.
            Self::Engine(_) => Ok(()),
            Self::Worker => build::worker(repo),
            Self::WorkerWithFaults => build::worker_with_faults(repo),
            Self::Services => build::services(repo),
            Self::Web => build::web(repo),
            Self::Package => build::package(repo),
            Self::Www => build::www(repo),
        }
    }
}

/// Needs that were met or not; nothing is tried twice.
#[derive(Default)]
pub(crate) struct Ready {
    known: Vec<(Need, Result<(), String>)>,
}

impl Ready {
    /// Meets a need.
    pub(crate) fn ensure(&mut self, repo: &Repo, need: Need) -> Result<()> {
        if let Some((_, result)) = self.known.iter().find(|(known, _)| *known == need) {
            return match result {
                Ok(()) => Ok(()),
                Err(error) => bail!("{} (said above)", error.lines().next().unwrap_or_default()),
            };
        }
        let result = need.ensure(repo);
        self.known.push((need, result.as_ref().map(drop).map_err(|error| format!("{error:#}"))));
        result
    }
}

use Engine::{Chromium, Firefox, Webkit};
use Need::{Component, Npm, Package, Services, WasmTarget, Web, Worker, WorkerWithFaults, Www};

const fn tier(
    name: &'static str,
    about: &'static str,
    needs: &'static [Need],
    run: fn(&Repo) -> Result<Outcome>,
) -> Tier {
    Tier { name, about, needs, run }
}

const DJANGO: Need = Need::Python(Environment::Django);
const SCHEMATHESIS: Need = Need::Python(Environment::Schemathesis);
const BROKERS: Need = Need::Python(Environment::Brokers);
const BINDGEN: Need = Need::Tool(Tool::WasmBindgen);
const PACK: Need = Need::Tool(Tool::WasmPack);
const GECKO: Need = Need::Tool(Tool::Geckodriver);

/// All tiers, in the order in which they are run.
pub(crate) static TIERS: &[Tier] = &[
    tier("format", "every Rust file is formatted", &[Component("rustfmt")], native::format),
    tier(
        "clippy",
        "no warning, natively with tests and for Wasm",
        &[Component("clippy"), WasmTarget],
        native::clippy,
    ),
    tier("types", "TypeScript agrees with itself", &[Npm, Web], node::types),
    tier("unit", "unit, transition and doc tests of the Rust crates", &[Npm], native::unit),
    tier("house", "the source keeps the arrows and rules of the house", &[], native::house),
    tier("sim", "the simulated world keeps the laws", &[], native::sim),
    tier("model", "every order of events around a vault keeps the laws", &[], native::model),
    tier("node", "TypeScript units and the embedded servers", &[Npm, Web, DJANGO], node::units),
    tier(
        "kit",
        "everlit/store, /react and /testing in what they are for, and the benchmark's parts",
        &[Need::Engine(Chromium), Npm, Worker, Web],
        node::kit,
    ),
    tier(
        "elements",
        "everlit/elements: what they say, what a person meets, axe in every state, and a picture of each",
        &[Need::Engine(Chromium), Npm, Worker, Services, Web],
        node::elements,
    ),
    tier(
        "wasm-chromium",
        "the Wasm module in Chromium",
        &[Need::Engine(Chromium), WasmTarget, BINDGEN, PACK],
        |repo| browser::wasm(repo, Chromium),
    ),
    tier(
        "wasm-firefox",
        "the Wasm module in Firefox",
        &[Need::Engine(Firefox), WasmTarget, BINDGEN, PACK, GECKO],
        |repo| browser::wasm(repo, Firefox),
    ),
    tier(
        "wasm-webkit",
        "the Wasm module in WebKitGTK",
        &[Need::Engine(Webkit), WasmTarget, BINDGEN, PACK],
        |repo| browser::wasm(repo, Webkit),
    ),
    tier("webdriver", "our WebDriver client, in every engine that is installed", &[Npm], browser::client),
    tier("worker", "the Worker in local workerd, restarts included", &[Npm, Worker, DJANGO], node::worker),
    tier(
        "conformance",
        "the relying-party modules of OpenID's conformance suite that apply, retold",
        &[Npm, Worker],
        node::conformance,
    ),
    tier(
        "contract",
        "a property-based client finds nothing that the OpenAPI document does not say",
        &[Npm, Worker, Services, SCHEMATHESIS],
        node::contract,
    ),
    tier(
        "crash",
        "a rotation that is killed, reset, repeated and raced at every step",
        &[Npm, Worker, WorkerWithFaults, DJANGO],
        node::crash,
    ),
    tier(
        "e2e-chromium",
        "journeys in Chromium: login to logout, crowds, sleep, bad networks and clocks, secrets",
        &[Need::Engine(Chromium), Npm, Worker, Web, Www],
        |repo| browser::journeys(repo, Chromium),
    ),
    tier(
        "e2e-firefox",
        "journeys in Firefox: login to logout, crowds, sleep, bad networks and clocks, secrets",
        &[Need::Engine(Firefox), Npm, Worker, Web, Www, GECKO],
        |repo| browser::journeys(repo, Firefox),
    ),
    tier(
        "e2e-webkit",
        "journeys in WebKitGTK: login to logout, crowds, sleep, bad networks and clocks, secrets",
        &[Need::Engine(Webkit), Npm, Worker, Web, Www],
        |repo| browser::journeys(repo, Webkit),
    ),
    tier(
        "packaging",
        "the packed npm package opens a session from every bundler, and its types hold",
        &[Need::Engine(Chromium), Npm, Package],
        node::packaging,
    ),
    tier(
        "docs",
        "the documentation's code is compiled or run, its links lead somewhere, and the examples log in",
        &[Need::Engine(Chromium), Npm, Package, Www],
        node::docs,
    ),
    tier(
        "next",
        "the packed npm package opens a session from a client component of Next.js",
        &[Need::Engine(Chromium), Npm, Package],
        node::next,
    ),
    tier(
        "demo",
        "three tabs stay logged in over three rotations",
        &[Need::Engine(Chromium), Npm, Worker, Www],
        browser::demo,
    ),
    tier(
        "demo-brokers",
        "three days at each broker: two nights end a token, and nobody is told anything wrong",
        &[Npm, Services],
        brokers::days,
    ),
    tier(
        "demo-human",
        "a desk whose broker's day ends in the middle of the work: one dialog, what waited goes on once, and a picture of each state",
        &[Need::Engine(Chromium), Npm, Worker, Services, Web, Www],
        brokers::desks,
    ),
    tier(
        "commands",
        "the commands start, report, stop and fail as they say",
        &[Npm, Worker, Services, Www],
        node::commands,
    ),
    tier(
        "cli",
        "the packed package without Rust: everlit init, dev and doctor, and the first minutes",
        &[Need::Engine(Chromium), Npm, Package],
        node::cli,
    ),
    tier(
        "providers",
        "stand-ins for brokers and Supabase Auth, proved by the SDKs of those who run the real ones",
        &[Npm, BROKERS],
        node::providers,
    ),
    tier(
        "services",
        "the services Worker in local workerd: days at brokers, their logins, restarts, their SDKs through it",
        &[Npm, Worker, Services, Web, BROKERS],
        node::services,
    ),
    tier(
        "callers",
        "everlit/service in Node, Deno, Bun and workerd, its examples and backends, and `cargo xtask service`",
        &[Npm, Web, DJANGO],
        node::callers,
    ),
    tier("probe", "real authorization servers are measured as they are", &[Npm, DJANGO], node::probe),
    tier("deploy", "the bundle can be deployed and is small enough", &[Npm, Worker, Www], deploy::run),
];
