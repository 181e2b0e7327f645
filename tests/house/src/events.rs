//! Every event of a Worker's log is in the table of that Worker's README, and no other is.

use std::collections::BTreeSet;

use crate::tree::{File, files, none};

/// Each Worker's table, and where its lines are written. What both are made of writes for both.
const WORKERS: [(&str, &[&str]); 2] = [
    ("worker/README.md", &["worker/src/", "worker/entry/", "worker/runtime/src/"]),
    (
        "worker/services/README.md",
        &["worker/services/src/", "worker/services/entry.js", "worker/entry/", "worker/runtime/src/"],
    ),
];
const HEAD: &str = "| event | says |";

/// The names in backticks of the first column.
fn told(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().skip_while(|line| *line != HEAD).skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// What stands in quotes after `line(` in the Workers, and after `"event":` in their entry.
fn written(file: &File) -> impl Iterator<Item = &str> {
    let call = if file.is(&[".rs"]) { "line(" } else { "\"event\":" };
    let quoted =
        |rest: &'_ str| -> Option<usize> { rest.trim_start().starts_with('"').then(|| rest.find('"'))? };
    file.text.split(call).skip(1).filter_map(move |rest| rest.get(quoted(rest)? + 1..)?.split('"').next())
}

fn offences(files: &[File]) -> Vec<String> {
    WORKERS.iter().flat_map(|(table, folders)| of_one(files, table, folders)).collect()
}

fn of_one(files: &[File], table: &str, folders: &[&str]) -> Vec<String> {
    let text = files.iter().find(|file| file.path == table).map_or("", |file| file.text.as_str());
    let told = told(text);
    let is_its = |file: &&File| folders.iter().any(|folder| file.path.starts_with(folder));
    let written: BTreeSet<&str> = files.iter().filter(is_its).flat_map(written).collect();
    let untold = written.difference(&told).map(|event| format!("{table}: says nothing of the event {event}"));
    let unwritten = told.difference(&written).map(|event| format!("{table}: no line has the event {event}"));
    let mut found: Vec<String> = untold.chain(unwritten).collect();
    if written.is_empty() {
        found.push(format!("{}: writes no line", folders.first().unwrap_or(&table)));
    }
    found
}

#[test]
fn every_event_is_in_the_table_of_its_worker_and_no_other_is() {
    none(&offences(&files()));
}

#[test]
fn an_event_that_is_not_told_of_is_found() {
    let table =
        |path: &str, rows: &str| File::made(path, &format!("# …\n\n{HEAD}\n|---|---|\n{rows}\n\nEnd `f`."));
    let [(first, _), (second, _)] = WORKERS;
    let tables =
        [table(first, "| `a`, `b_c` | … `d` |\n| `e` | … |"), table(second, "| `s` | … |\n| `e` | … |")];
    let source = |text: &str| File::made("worker/src/a.rs", text);
    let service = |text: &str| File::made("worker/services/src/a.rs", text);
    let entry = File::made("worker/entry/index.js", r#"console.log('{"event":"e"}')"#);
    let bad =
        |one: File, other: File| offences(&[tables.as_slice(), &[one, other, entry.clone()]].concat()).len();
    let whole = "log::line(\"a\", []); gate::line(\n    \"b_c\",\n [(\"x\", 1)]); log::line(event, fields);";
    let of_services = "log::line(\"s\", []);";
    assert_eq!(bad(source(whole), service(of_services)), 0);
    assert_eq!(bad(source("log::line(\"a\", []);"), service(of_services)), 1);
    let more = "log::line(\"a\", []); log::line(\"b_c\", []); log::line(\"d\", []);";
    assert_eq!(bad(source(more), service(of_services)), 1);
    // An event of the one in the other's table is told of nowhere.
    assert_eq!(bad(source(whole), service("log::line(\"s\", []); log::line(\"a\", []);")), 1);
    assert_eq!(offences(&[]).len(), 2);
}
