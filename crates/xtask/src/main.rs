//! Every developer command of Everlit.
//!
//! `cargo xtask demo` and `cargo xtask test` are the two that a newcomer needs; both set up what is missing. Progress
//! goes to stderr. stdout carries results only: what `--json` and `--headless` print is one JSON object, and it is the
//! last line.
#![forbid(unsafe_code)]

mod bench;
mod browsers;
mod build;
mod cli;
mod config;
mod cost;
mod debian;
mod demo;
mod http;
mod keys;
mod lock;
mod model;
mod npm;
mod ports;
mod probe;
mod process;
mod python;
mod repo;
mod run;
mod say;
mod secrets;
mod service;
mod setup;
mod sim;
mod size;
mod stack;
mod stamp;
mod test;
mod tools;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let json = cli.command.wants_json();
    let outcome = process::guard().and_then(|()| cli.command.run());
    process::stop_all();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            if json {
                println!("{}", serde_json::json!({ "ok": false, "error": format!("{error:#}") }));
            }
            ExitCode::FAILURE
        }
    }
}
