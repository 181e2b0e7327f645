//! Rules for source files: small, pure where purity is promised, finished.

use crate::tree::{File, files, none};

const SOURCES: [&str; 9] = [".rs", ".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".css", ".html"];
/// Past this a file is two.
const LINES: usize = 600;

/// Crates that cannot reach the world.
const PURE: [&str; 4] = ["crates/core", "crates/edge", "crates/sim", "crates/wire"];

// In pieces: this file is checked too.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimple", "mented!(")];

fn too_long(files: &[File]) -> Vec<String> {
    let sources = files.iter().filter(|file| file.is(&SOURCES) && !file.is_test());
    let long = sources.map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > LINES);
    long.map(|(file, lines)| format!("{}: {lines} lines, more than {LINES}", file.path)).collect()
}

fn unfinished(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is(&SOURCES)) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(word) = UNFINISHED.iter().find(|word| line.contains(*word)) {
                found.push(format!("{}:{}: `{word}` is left", file.path, at + 1));
            }
        }
    }
    found
}

fn impure(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in PURE {
        let root = format!("{folder}/src/lib.rs");
        let Some(lib) = files.iter().find(|file| file.path == root) else {
            found.push(format!("{root}: is missing"));
            continue;
        };
        for line in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !lib.text.lines().any(|found| found.trim() == line) {
                found.push(format!("{root}: lacks {line}"));
            }
        }
    }
    let core = files.iter().filter(|file| file.path.starts_with("crates/core/src/") && file.is(&[".rs"]));
    for file in core {
        let code = file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        found.extend(
            code.filter(|(_, line)| line.contains("serde"))
                .map(|(at, _)| format!("{}:{}: serde in core", file.path, at + 1)),
        );
    }
    found
}

#[test]
fn no_source_file_is_two() {
    none(&too_long(&files()));
}

#[test]
fn nothing_is_left_to_do() {
    none(&unfinished(&files()));
}

#[test]
fn what_is_promised_to_be_pure_is() {
    none(&impure(&files()));
}

#[test]
fn a_file_that_is_too_long_is_found() {
    let long = "x\n".repeat(LINES + 1);
    assert_eq!(too_long(&[File::made("crates/core/src/a.rs", &long)]).len(), 1);
    assert_eq!(too_long(&[File::made("www/a.css", &long)]).len(), 1);
    assert_eq!(too_long(&[File::made("crates/core/src/a.rs", &long[2..])]).len(), 0);
    for test in
        ["crates/core/tests/a.rs", "tests/e2e/a.mjs", "crates/edge/src/config/tests.rs", "www/a.test.mjs"]
    {
        assert_eq!(too_long(&[File::made(test, &long)]).len(), 0, "{test}");
    }
}

#[test]
fn what_is_left_to_do_is_found() {
    for word in UNFINISHED {
        assert_eq!(unfinished(&[File::made("www/a.ts", &format!("// {word} later"))]).len(), 1, "{word}");
    }
}

#[test]
fn impurity_is_found() {
    let pure = "//! Docs.\n#![no_std]\n#![forbid(unsafe_code)]\n";
    let house = |core: &str| -> Vec<File> {
        let lib = |folder: &&str| {
            File::made(&format!("{folder}/src/lib.rs"), if **folder == *PURE[0] { core } else { pure })
        };
        PURE.iter().map(lib).collect()
    };
    assert_eq!(impure(&house(pure)), [""; 0]);
    assert_eq!(impure(&house("#![forbid(unsafe_code)]\n")).len(), 1);
    assert_eq!(impure(&house("//! #![forbid(unsafe_code)]\n#![no_std]\n")).len(), 1);
    assert_eq!(impure(&house(&format!("{pure}use serde::Serialize;\n"))).len(), 1);
    assert_eq!(impure(&house(&format!("{pure}// no serde here\n"))).len(), 0);
    assert_eq!(impure(&house(pure)[1..]).len(), 1);
}
