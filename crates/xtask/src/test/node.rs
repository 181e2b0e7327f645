//! Tiers that Node runs.

use super::Outcome;
use super::browser::path_of_drivers;
use super::count;
use super::native::{counted, single};
use crate::python::{self, Environment};
use crate::repo::Repo;
use crate::{build, npm};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders with a TypeScript project, each with its tsconfig.json.
const PROJECTS: [&str; 7] = [
    "crates/web",
    "crates/web/node",
    "www",
    "www/make",
    "tests/worker",
    "tests/providers",
    "tests/packaging",
];

/// `tsc --noEmit` over every project.
pub(super) fn types(repo: &Repo) -> Result<Outcome> {
    let tsc = npm::tsc(repo)?;
    let check = |project: &&str| {
        let mut command = repo.node();
        command
            .arg(&tsc)
            .args(["--noEmit", "--pretty", "false", "-p"])
            .arg(repo.at(project).join("tsconfig.json"));
        command
    };
    single(repo, "test-types", PROJECTS.iter().map(check).collect(), 5)
}

/// Tests of the TypeScript units and of the embedded servers.
pub(super) fn units(repo: &Repo) -> Result<Outcome> {
    let files = in_folders(repo, &["tests/node", "tests/servers"])?;
    let python = python::ensure(repo, Environment::Django)?;
    node_test(repo, "test-node", files, 10, |command| {
        command.env(Environment::Django.variable(), python);
    })
}

/// The packed npm package in projects of every kind, with its declarations.
pub(super) fn packaging(repo: &Repo) -> Result<Outcome> {
    let (build, files) = (repo.at("worker/build"), in_folders(repo, &["tests/packaging", "tests/types"])?);
    // Each file waits for a browser most of the time.
    node_tests(
        repo,
        "test-packaging",
        &["--test-concurrency=2", "--test-timeout=180000"],
        files,
        15,
        |command| {
            command.env("EVERLIT_WORKER_BUILD", &build).env("EVERLIT_ENGINE", "chromium");
        },
    )
}

/// The documentation's code, links and pictures, and the examples.
pub(super) fn docs(repo: &Repo) -> Result<Outcome> {
    let this = std::env::current_exe().context("this command does not know where it is")?;
    let (build, files) = (repo.at("worker/build"), in_folders(repo, &["tests/docs"])?);
    node_tests(repo, "test-docs", &["--test-concurrency=2"], files, 10, |command| {
        command
            .env("EVERLIT_XTASK", this)
            .env("EVERLIT_WORKER_BUILD", &build)
            .env("EVERLIT_ENGINE", "chromium");
    })
}

/// The packed npm package in a project of Next.js, which npm installs and Next.js builds.
pub(super) fn next(repo: &Repo) -> Result<Outcome> {
    let build = repo.at("worker/build");
    node_test(repo, "test-next", in_folders(repo, &["tests/next"])?, 12, |command| {
        command.env("EVERLIT_WORKER_BUILD", &build).env("EVERLIT_ENGINE", "chromium");
    })
}

/// What the package gives to frameworks and to tests, in those frameworks and test runners; and that what measures it does.
pub(super) fn kit(repo: &Repo) -> Result<Outcome> {
    let (build, files) = (repo.at("worker/build"), in_folders(repo, &["tests/kit", "tests/bench"])?);
    node_test(repo, "test-kit", files, 8, |command| {
        command.env("EVERLIT_WORKER_BUILD", &build).env("EVERLIT_ENGINE", "chromium");
    })
}

/// The elements, before there is a browser and in each that is installed.
pub(super) fn elements(repo: &Repo) -> Result<Outcome> {
    let (path, files) = (path_of_drivers(repo)?, in_folders(repo, &["tests/elements"])?);
    node_tests(repo, "test-elements", &["--test-concurrency=2"], files, 10, |command| {
        command.env("PATH", path);
    })
}

/// Pictures of the demo's desk.
pub(super) fn desk(repo: &Repo) -> Result<Outcome> {
    node_test(repo, "test-desk", in_folders(repo, &["tests/desk"])?, 8, |_| ())
}

/// Tests of the built Worker; they start their own workerd.
pub(super) fn worker(repo: &Repo) -> Result<Outcome> {
    let build = repo.at("worker/build");
    let python = python::ensure(repo, Environment::Django)?;
    let files = in_folders(repo, &["tests/worker"])?.into_iter().filter(|file| !is_of_crash(file)).collect();
    // Each file has a workerd of its own, and waits most of the time.
    node_tests(repo, "test-worker", &["--test-concurrency=2"], files, 20, |command| {
        keep_in_memory(command);
        command.env("EVERLIT_WORKER_BUILD", &build).env(Environment::Django.variable(), python);
    })
}

/// What a relying party must refuse and accept; each file starts a workerd of its own.
pub(super) fn conformance(repo: &Repo) -> Result<Outcome> {
    let (build, files) = (repo.at("worker/build"), in_folders(repo, &["tests/conformance"])?);
    node_tests(repo, "test-conformance", &["--test-concurrency=4"], files, 5, |command| {
        keep_in_memory(command);
        command.env("EVERLIT_WORKER_BUILD", &build);
    })
}

/// A client that asks whatever the OpenAPI document allows, and what it does not.
pub(super) fn contract(repo: &Repo) -> Result<Outcome> {
    let (build, python) = (repo.at("worker/build"), python::ensure(repo, Environment::Schemathesis)?);
    node_test(repo, "test-contract", in_folders(repo, &["tests/contract"])?, 10, |command| {
        keep_in_memory(command);
        command.env("EVERLIT_WORKER_BUILD", &build).env(Environment::Schemathesis.variable(), python);
    })
}

/// Tests that stop the Worker at named steps of a rotation.
pub(super) fn crash(repo: &Repo) -> Result<Outcome> {
    let build = repo.at("worker/build");
    let python = python::ensure(repo, Environment::Django)?;
    let files = in_folders(repo, &["tests/worker"])?.into_iter().filter(|file| is_of_crash(file)).collect();
    // They wait most of the time: for what must not happen before half a minute has passed.
    node_tests(repo, "test-crash", &["--test-concurrency=4"], files, 10, |command| {
        keep_in_memory(command);
        command.env("EVERLIT_WORKER_BUILD", &build).env(Environment::Django.variable(), python);
        command.env("EVERLIT_WORKER_BUILD_FAULTS", build::worker_with_faults_folder(repo));
    })
}

/// Whether a test file needs fault points, which its name says.
fn is_of_crash(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("crash"))
}

/// The commands themselves, run as a person runs them.
pub(super) fn commands(repo: &Repo) -> Result<Outcome> {
    let this = std::env::current_exe().context("this command does not know where it is")?;
    node_test(repo, "test-commands", vec![repo.at("tests/e2e/commands.test.mjs")], 10, |command| {
        command.env("EVERLIT_XTASK", this);
    })
}

/// The command `everlit`, from the packed package, in projects of its own.
pub(super) fn cli(repo: &Repo) -> Result<Outcome> {
    // Each test has a Worker of its own, and waits for it most of the time.
    node_tests(repo, "test-cli", &["--test-concurrency=2"], in_folders(repo, &["tests/cli"])?, 12, |_| ())
}

/// The stand-ins for providers, and the SDKs of those who run the real ones pointed at them.
pub(super) fn providers(repo: &Repo) -> Result<Outcome> {
    let (python, files) =
        (python::ensure(repo, Environment::Brokers)?, in_folders(repo, &["tests/providers"])?);
    // An SDK takes seconds to load, and waits after that.
    node_tests(repo, "test-providers", &["--test-concurrency=2"], files, 5, |command| {
        command.env(Environment::Brokers.variable(), python);
    })
}

/// Tests of the built services Worker; each starts workerd and stand-ins of its own.
pub(super) fn services(repo: &Repo) -> Result<Outcome> {
    let this = std::env::current_exe().context("this command does not know where it is")?;
    let (build, files) = (repo.at("worker/services/build"), in_folders(repo, &["tests/services"])?);
    let python = python::ensure(repo, Environment::Brokers)?;
    node_tests(repo, "test-services", &["--test-concurrency=2"], files, 10, |command| {
        keep_in_memory(command);
        command
            .env("EVERLIT_SERVICES_BUILD", &build)
            // One file has the edge Worker in front.
            .env("EVERLIT_WORKER_BUILD", repo.at("worker/build"))
            .env("EVERLIT_XTASK", this)
            .env(Environment::Brokers.variable(), python);
    })
}

/// Programs that ask for a service's token: the npm entry in each runtime, the examples, and `cargo xtask service`; and backends of apps.
pub(super) fn callers(repo: &Repo) -> Result<Outcome> {
    let this = std::env::current_exe().context("this command does not know where it is")?;
    let python = python::ensure(repo, Environment::Django)?;
    node_tests(
        repo,
        "test-callers",
        &["--test-concurrency=2"],
        in_folders(repo, &["tests/callers"])?,
        5,
        |command| {
            command.env("EVERLIT_XTASK", this).env(Environment::Django.variable(), python);
        },
    )
}

/// `cargo xtask probe` against real authorization servers.
pub(super) fn probe(repo: &Repo) -> Result<Outcome> {
    let this = std::env::current_exe().context("this command does not know where it is")?;
    let python = python::ensure(repo, Environment::Django)?;
    node_test(repo, "test-probe", in_folders(repo, &["tests/probe"])?, 5, |command| {
        command.env("EVERLIT_XTASK", this).env(Environment::Django.variable(), python);
    })
}

/// Where a test keeps what lives as long as it does: in memory, if the system has a folder for that with room in it. Each write of a
/// Durable Object waits for its disk, and one that a build has just filled is busy for seconds. Killing a process loses nothing there
/// either; nothing is executed from it.
pub(super) fn keep_in_memory(command: &mut Command) {
    const FOLDER: &str = "/dev/shm";
    const ROOM: u64 = 4 << 30;
    #[cfg(unix)]
    if rustix::fs::statvfs(FOLDER).is_ok_and(|about| about.f_bavail.saturating_mul(about.f_frsize) >= ROOM) {
        command.env("TMPDIR", FOLDER);
    }
}

/// `node --test` over these files.
pub(super) fn node_test(
    repo: &Repo,
    name: &str,
    files: Vec<PathBuf>,
    minutes: u64,
    prepare: impl FnOnce(&mut Command),
) -> Result<Outcome> {
    node_tests(repo, name, &[], files, minutes, prepare)
}

/// The same with flags for Node.
pub(super) fn node_tests(
    repo: &Repo,
    name: &str,
    flags: &[&str],
    files: Vec<PathBuf>,
    minutes: u64,
    prepare: impl FnOnce(&mut Command),
) -> Result<Outcome> {
    let mut command = repo.node();
    command.args(["--test", "--test-reporter=spec"]).args(flags).args(files);
    prepare(&mut command);
    counted(repo, name, command, minutes, count::node)
}

/// All test files below the folders; a folder without any is a mistake, not a success.
pub(super) fn in_folders(repo: &Repo, folders: &[&str]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for folder in folders {
        let mut files = Vec::new();
        test_files(&repo.at(folder), &mut files).with_context(|| format!("cannot list {folder}"))?;
        if files.is_empty() {
            bail!("{folder} has no *.test.mjs");
        }
        files.sort();
        all.extend(files);
    }
    Ok(all)
}

fn test_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() && name != "node_modules" {
            test_files(&path, files)?;
        } else if name.ends_with(".test.mjs") || name.ends_with(".test.js") {
            files.push(path);
        }
    }
    Ok(())
}
