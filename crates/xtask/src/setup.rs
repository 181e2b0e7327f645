//! `cargo xtask setup`: everything that the other commands would install when they need it.

use crate::browsers::{self, Engine};
use crate::repo::Repo;
use crate::tools::{self, Tool};
use crate::{npm, python, say};
use anyhow::Result;
use std::process::ExitCode;

/// `cargo xtask setup`
pub(crate) fn run() -> Result<ExitCode> {
    let repo = Repo::find()?;
    npm::ensure(&repo)?;
    tools::ensure_wasm_target(&repo)?;
    for component in ["rustfmt", "clippy"] {
        tools::ensure_component(&repo, component)?;
    }
    for tool in Tool::ALL {
        tool.ensure(&repo)?;
    }
    browsers::ensure(&repo, &Engine::ALL);
    for lacking in Engine::ALL.iter().filter_map(|engine| engine.lacking()) {
        say::note(&lacking);
    }
    for environment in python::Environment::ALL {
        let python = python::ensure(&repo, environment)?;
        say::note(&format!("to run tests by hand: export {}={}", environment.variable(), python.display()));
    }
    println!("Ready: cargo xtask demo, cargo xtask test");
    Ok(ExitCode::SUCCESS)
}
