//! Every event of the Worker's log is in the table of `worker/README.md`, and no other is.

use std::collections::BTreeSet;

use crate::tree::{File, files, none};

const TABLE: &str = "worker/README.md";
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
    let table = files.iter().find(|file| file.path == TABLE).map_or("", |file| file.text.as_str());
    let told = told(table);
    let of_a_worker =
        |path: &str| path.starts_with("worker/") && (path.contains("/src/") || path.contains("/entry/"));
    let is_ours = |file: &&File| of_a_worker(&file.path);
    let written: BTreeSet<&str> = files.iter().filter(is_ours).flat_map(written).collect();
    let untold = written.difference(&told).map(|event| format!("{TABLE}: says nothing of the event {event}"));
    let unwritten = told.difference(&written).map(|event| format!("{TABLE}: no line has the event {event}"));
    let mut found: Vec<String> = untold.chain(unwritten).collect();
    if written.is_empty() {
        found.push("worker/src: writes no line".to_owned());
    }
    found
}

#[test]
fn every_event_is_in_the_table_and_no_other_is() {
    none(&offences(&files()));
}

#[test]
fn an_event_that_is_not_told_of_is_found() {
    let table = File::made(
        TABLE,
        &format!("# …\n\n{HEAD}\n|---|---|\n| `a`, `b_c` | … `d` |\n| `e` | … |\n\nEnd `f`."),
    );
    let source = |text: &str| File::made("worker/src/a.rs", text);
    let entry = File::made("worker/entry/index.js", r#"console.log('{"event":"e"}')"#);
    let bad = |text: &str| offences(&[table.clone(), source(text), entry.clone()]).len();
    assert_eq!(
        bad("log::line(\"a\", []); gate::line(\n    \"b_c\",\n [(\"x\", 1)]); log::line(event, fields);"),
        0
    );
    assert_eq!(bad("log::line(\"a\", []);"), 1);
    assert_eq!(bad("log::line(\"a\", []); log::line(\"b_c\", []); log::line(\"d\", []);"), 1);
    assert_eq!(offences(&[]).len(), 1);
}
