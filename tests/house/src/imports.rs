//! Arrows between folders of JavaScript and TypeScript, by their imports; and Rust files that reach out of their crate.

use crate::tree::{File, files, none};

/// Which folders a folder's scripts may import from, besides itself. The longest prefix counts.
const ARROWS: [(&str, &[&str]); 10] = [
    ("crates/web", &[]),
    ("www", &[]),
    ("worker", &[]),
    ("tests/servers", &[]),
    ("tests/e2e", &["tests/worker/support"]),
    ("tests/cli", &["tests/worker/support"]),
    // Units of the driver are tested from outside the package, against the golden files of the wire.
    ("tests/node", &["crates/web", "crates/wire/golden"]),
    // The Worker's tests log in at the embedded authorization server.
    ("tests/worker", &["tests/servers"]),
    // The documentation's tests read the pages as they are made.
    ("tests/docs", &["www", "tests"]),
    ("tests", &[]),
];

/// Packages of the house: `www` uses the npm package by its public name, its own texts and tests do, nobody else.
const PACKAGES: [(&str, &[&str]); 1] = [(
    "everlit",
    &[
        "www",
        "crates/web",
        "tests/node",
        "tests/packaging",
        "tests/next",
        "tests/types",
        "tests/kit",
        "tests/docs",
        "tests/callers",
        "tests/services",
        "tests/bench/client",
    ],
)];

/// Files outside of a crate that it may include at compile time: contracts, not code.
const INCLUDED: [&str; 3] = ["crates/wire/golden", "crates/edge/config.schema.json", "wrangler.toml"];

const SCRIPTS: [&str; 7] = [".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".html"];

fn offences(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is(&SCRIPTS)) {
        for specifier in specifiers(&file.text) {
            if let Some(why) = offence(&file.path, specifier) {
                found.push(format!("{}: imports {specifier:?}: {why}", file.path));
            }
        }
    }
    for file in files.iter().filter(|file| file.is(&[".rs"])) {
        for path in included(&file.text) {
            let target = resolve(&file.path, path);
            let home = home(&file.path);
            if !within(&target, home) && !INCLUDED.iter().any(|allowed| within(&target, allowed)) {
                found.push(format!("{}: reaches out of its crate to {target}", file.path));
            }
        }
    }
    found
}

fn offence(path: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with('.') {
        let (_, allowed) = PACKAGES.iter().find(|(name, _)| within(specifier, name))?;
        let may = allowed.iter().any(|folder| within(path, folder));
        return (!may).then(|| format!("only {} may use that package", allowed.join(" and ")));
    }
    let target = resolve(path, specifier);
    let Some((folder, allowed)) = ARROWS.iter().find(|(folder, _)| within(path, folder)) else {
        return Some("scripts have no place in this folder".to_owned());
    };
    let may = within(&target, folder) || allowed.iter().any(|allowed| within(&target, allowed));
    (!may).then(|| format!("{folder} must not reach {target}"))
}

/// What follows `from`, `import`, `import(` and `require(`. A comment with such words counts too: it would be wrong as well.
fn specifiers(text: &str) -> Vec<&str> {
    quoted(text, |before| {
        let before = before.trim_end_matches(|c: char| c.is_whitespace() || c == '(');
        ["from", "import", "require"].iter().any(|word| {
            let rest = before.strip_suffix(word);
            rest.is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'))
        })
    })
}

/// Paths in `#[path = "..."]`, `include_str!("...")` and their like.
fn included(text: &str) -> Vec<&str> {
    quoted(text, |before| {
        let before = before.trim_end();
        before.ends_with("include_str!(")
            || before.ends_with("include_bytes!(")
            || before.ends_with("include!(")
            || before.ends_with("#[path =")
    })
}

/// Quoted texts, each on one line, with the right thing before them. What is quoted inside of a quoted text is its own matter.
fn quoted(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let mut at = 0;
        while let Some(open) = line[at..].find(['"', '\'', '`']).map(|open| at + open) {
            let quote = char::from(line.as_bytes()[open]);
            at = open + 1;
            // An apostrophe or a lifetime opens nothing.
            if let Some(end) = line[at..].find(quote).map(|end| at + end) {
                found.extend(wanted(&text[..start + open]).then_some(&line[at..end]));
                at = end + 1;
            }
        }
        start += line.len();
    }
    found
}

/// A relative path, from the top.
fn resolve(from: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return format!("outside of the repository ({relative})");
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The crate that a Rust file belongs to.
fn home(path: &str) -> &str {
    let parts = if path.starts_with("crates/") || path.starts_with("tests/") { 2 } else { 1 };
    path.match_indices('/').nth(parts - 1).map_or(path, |(at, _)| &path[..at])
}

fn within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn scripts_and_included_files_follow_the_arrows() {
    none(&offences(&files()));
}

#[test]
fn an_import_that_turns_back_is_found() {
    let bad = |path: &str, text: &str| offences(&[File::made(path, text)]).len();
    assert_eq!(bad("crates/web/src/a.ts", "import { b } from \"./b.js\";"), 0);
    assert_eq!(bad("crates/web/src/a.ts", "import type { Vault } from '../../../worker/src/vault.ts';"), 1);
    assert_eq!(bad("crates/web/src/a.ts", "const a = await import(\n'../../../www/x.js');"), 1);
    assert_eq!(bad("crates/web/src/a.ts", "const a = await import('../../../www/x.js');"), 1);
    assert_eq!(bad("crates/web/src/a.ts", "export * from '../../edge/x.js'"), 1);
    assert_eq!(bad("worker/shim.js", "import '../crates/web/dist/everlit.js'"), 1);
    assert_eq!(bad("www/src/a.ts", "import { openSession } from 'everlit'"), 0);
    assert_eq!(bad("www/src/a.ts", "import { openSession } from '../../crates/web/src/index.ts'"), 1);
    assert_eq!(bad("worker/a.js", "import { openSession } from 'everlit'"), 1);
    assert_eq!(bad("tests/e2e/a.mjs", "import x from '../servers/x.mjs'"), 1);
    assert_eq!(bad("tests/worker/a.mjs", "import x from '../servers/servers.mjs'"), 0);
    assert_eq!(bad("tests/node/a.mjs", "const text = 'export * from \"../build/a.js\"';"), 0);
    assert_eq!(bad("worker/a.js", "const it = \"isn't\"; import x from '../www/a.js'"), 1);
    assert_eq!(bad("scripts/a.mjs", "import x from './b.mjs'"), 1);
    assert_eq!(bad("worker/a.js", "import x from '../../elsewhere.js'"), 1);
}

#[test]
fn a_rust_file_that_reaches_out_is_found() {
    let bad = |path: &str, text: &str| offences(&[File::made(path, text)]).len();
    assert_eq!(bad("crates/web/src/lib.rs", "#[path = \"../../edge/src/url.rs\"]\nmod url;"), 1);
    assert_eq!(bad("crates/core/src/lib.rs", "const A: &str = include_str!(\"../../web/a.txt\");"), 1);
    assert_eq!(
        bad("crates/web/tests/a.rs", "const A: &str = include_str!(\"../../wire/golden/a.json\");"),
        0
    );
    assert_eq!(bad("worker/src/lib.rs", "const A: &str = include_str!(\"page.html\");"), 0);
}
