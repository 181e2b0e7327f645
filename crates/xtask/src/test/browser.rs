//! Tiers that need a browser: the Wasm module alone, the journey, the headless demo.

use super::Outcome;
use super::count::{self, Counts};
use super::native::counted;
use super::node::{in_folders, keep_in_memory, node_test, node_tests};
use crate::browsers::{self, Engine};
use crate::demo::{self, Asked};
use crate::repo::{self, Repo};
use crate::stack::{Plan, Stack};
use crate::tools::Tool;
use crate::{npm, ports};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;

/// `wasm-pack test --headless` in one engine.
pub(super) fn wasm(repo: &Repo, engine: Engine) -> Result<Outcome> {
    let wasm_pack = Tool::WasmPack.program(repo)?;
    let mut command = if engine == Engine::Webkit {
        let mut command = repo.command("xvfb-run");
        command.arg("-a").arg(wasm_pack);
        command
    } else {
        repo.command(wasm_pack)
    };
    // Run nothing but what is installed: no downloads.
    command.current_dir(repo.at("crates/web")).args(["test", "--headless", "--mode", "no-install"]);
    match engine {
        Engine::Chromium => {
            command.args(["--chrome", "--chromedriver"]);
            command.arg(repo::which("chromedriver").context("chromedriver is missing")?);
        }
        Engine::Firefox => {
            command.args(["--firefox", "--geckodriver"]).arg(Tool::Geckodriver.program(repo)?);
        }
        // The runner knows WebKit by the name of its better known driver.
        Engine::Webkit => {
            command.args(["--safari", "--safaridriver"]);
            command.arg(repo::which("WebKitWebDriver").context("WebKitWebDriver is missing")?);
        }
    }
    let capabilities = repo.target.join("webdriver").join(format!("{}.json", engine.name()));
    if let Some(folder) = capabilities.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&capabilities, wanted(engine)?.to_string())?;
    command.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &capabilities).env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    command.env("PATH", repo::path_with(&[Tool::WasmBindgen.ensure(repo)?])?);
    counted(repo, &format!("test-wasm-{}", engine.name()), command, 15, count::rust)
}

/// The capabilities of the browser session; the runner adds what makes it headless.
fn wanted(engine: Engine) -> Result<Value> {
    let browser = engine.browser().with_context(|| format!("{} is missing", engine.name()))?;
    Ok(match engine {
        Engine::Chromium => json!({ "goog:chromeOptions": {
            "binary": browser,
            "args": ["--no-sandbox", "--no-first-run", "--disable-background-networking"],
        }}),
        Engine::Firefox => json!({ "moz:firefoxOptions": { "binary": browser } }),
        Engine::Webkit => json!({
            "browserName": "MiniBrowser",
            "webkitgtk:browserOptions": { "binary": browser, "args": ["--automation"] },
        }),
    })
}

/// A person's story on the demo page, and then the journeys with everything that can go wrong, in one engine.
pub(super) fn journeys(repo: &Repo, engine: Engine) -> Result<Outcome> {
    let told = journey(repo, engine)?;
    let name = format!("test-e2e-{}-journeys", engine.name());
    let files = in_folders(repo, &["tests/e2e/journeys"])?;
    // Each starts its own servers and browsers, and waits most of the time.
    let path = match engine {
        Engine::Firefox => repo::path_with(&[Tool::Geckodriver.ensure(repo)?])?,
        Engine::Chromium | Engine::Webkit => repo::path_with(&[])?,
    };
    let lived = node_tests(repo, &name, &["--test-concurrency=2"], files, 12, |command| {
        keep_in_memory(command);
        command.env("EVERLIT_ENGINE", engine.name()).env("PATH", path).env_remove("EVERLIT_WEBDRIVER");
        command.env("EVERLIT_WORKER_BUILD", repo.at("worker/build"));
    })?;
    let mut counts = told.counts;
    counts += lived.counts;
    let details = format!("{}\n{}", told.details, lived.details);
    Ok(Outcome { failing: [told.failing, lived.failing].concat(), ..Outcome::new(counts, details) })
}

/// Login, refresh and logout on the demo page, against a stack of its own.
fn journey(repo: &Repo, engine: Engine) -> Result<Outcome> {
    npm::ensure(repo)?;
    let name = format!("e2e-{}", engine.name());
    let https = engine == Engine::Webkit;
    let stack = Stack::start(repo, &Plan { name: &name, port: ports::free()?, access_ttl: 20, https })?;
    let driver = browsers::drive(repo, engine, &stack.name)?;
    let journey = vec![repo.at("tests/e2e/journey.test.mjs")];
    let mut outcome = node_test(repo, &format!("test-{}", stack.name), journey, 10, |command| {
        stack.describe(command);
        command.env("EVERLIT_ENGINE", engine.name()).env("EVERLIT_WEBDRIVER", &driver.address);
    })?;
    if outcome.counts.failed > 0 {
        outcome.details = format!(
            "{}\n  the WebDriver said:\n{}\n{}",
            outcome.details,
            driver.process.tail(),
            stack.tails()
        );
    }
    Ok(outcome)
}

/// The WebDriver client that the journeys use, on a page of its own. It starts the drivers itself, and skips by itself
/// the engines that are missing.
pub(super) fn client(repo: &Repo) -> Result<Outcome> {
    let lacking: Vec<String> = Engine::ALL.iter().filter_map(|engine| engine.lacking()).collect();
    if lacking.len() == Engine::ALL.len() && !browsers::must_be_there() {
        return Ok(Outcome::skipped(lacking.join("; ")));
    }
    let path = path_of_drivers(repo)?;
    let files = vec![repo.at("tests/e2e/webdriver.test.mjs")];
    node_test(repo, "test-webdriver", files, 10, |command| {
        command.env("PATH", path);
    })
}

/// `PATH` with the driver of each engine that is installed.
pub(super) fn path_of_drivers(repo: &Repo) -> Result<OsString> {
    match Engine::Firefox.lacking() {
        None => repo::path_with(&[Tool::Geckodriver.ensure(repo)?]),
        Some(_) => repo::path_with(&[]),
    }
}

/// The headless demo, as it is.
pub(super) fn demo(repo: &Repo) -> Result<Outcome> {
    let report = demo::headless(repo, &Asked::default(), None)?;
    Ok(match report.verdict {
        Ok(()) => Outcome::new(Counts::PASSED, report.line),
        Err(why) => Outcome::new(Counts::FAILED, format!("    {why}\n    {}", report.line)),
    })
}
