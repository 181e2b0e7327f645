//! The top level holds what the plan of the house says, and the README shows it.

use crate::tree::{File, files, none};
use std::collections::BTreeSet;

const FOLDERS: [&str; 4] = ["crates", "tests", "worker", "www"];
const FILES: [&str; 9] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "SECURITY.md",
    "package-lock.json",
    "package.json",
    "rust-toolchain.toml",
];
/// Files that would be in the way if they were listed with the rest: their absence is an error as well.
const NEEDED: [&str; 4] = ["Cargo.lock", "README.md", "package-lock.json", "wrangler.toml"];

fn out_of_place(paths: &[&str]) -> Vec<String> {
    let allowed = |path: &str| match path.split_once('/') {
        _ if path.starts_with('.') => true,
        Some((folder, _)) => FOLDERS.contains(&folder),
        None => FILES.contains(&path) || path == "wrangler.toml" || path.starts_with("LICENSE"),
    };
    let stray = paths
        .iter()
        .filter(|path| !allowed(path))
        .map(|path| format!("{path}: has no place at the top level"));
    let missing =
        NEEDED.iter().filter(|path| !paths.contains(path)).map(|path| format!("{path}: is missing"));
    stray.chain(missing).collect()
}

/// Folders that a reader of the README must find there: the crates, and the top level besides.
fn folders<'a>(paths: &[&'a str]) -> BTreeSet<&'a str> {
    let folder = |path: &&'a str| -> Option<&'a str> {
        let (first, rest) = path.split_once('/')?;
        match first {
            "crates" => Some(&path[..first.len() + 1 + rest.find('/')?]),
            _ if first.starts_with('.') => None,
            _ => Some(first),
        }
    };
    paths.iter().filter_map(folder).collect()
}

fn unnamed(readme: &str, folders: &BTreeSet<&str>) -> Vec<String> {
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with('|')).collect();
    let named = |folder: &str| rows.iter().any(|row| row.contains(&format!("`{folder}`")));
    folders
        .iter()
        .filter(|folder| !named(folder))
        .map(|folder| format!("README.md: its map lacks {folder}"))
        .collect()
}

fn paths(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn the_top_level_is_as_planned() {
    none(&out_of_place(&paths(&files())));
}

#[test]
fn the_readme_names_every_folder() {
    let files = files();
    let readme = files.iter().find(|file| file.path == "README.md").unwrap();
    let folders = folders(&paths(&files));
    assert!(folders.len() > 6, "{folders:?}");
    none(&unnamed(&readme.text, &folders));
}

#[test]
fn what_is_out_of_place_is_found() {
    let good: Vec<&str> = [&NEEDED[..], &["LICENSE-MIT", ".ci/run", "crates/core/src/lib.rs"]].concat();
    assert_eq!(out_of_place(&good), [""; 0]);
    for stray in ["scripts/build.sh", "notes.md", "tsconfig.json"] {
        assert_eq!(out_of_place(&[&good[..], &[stray]].concat()).len(), 1, "{stray}");
    }
    assert_eq!(out_of_place(&good[1..]).len(), 1);
}

#[test]
fn a_folder_that_the_readme_forgot_is_found() {
    let folders =
        folders(&["crates/core/src/lib.rs", "crates/new/Cargo.toml", "www/a.ts", ".ci/run", "README.md"]);
    assert_eq!(folders, BTreeSet::from(["crates/core", "crates/new", "www"]));
    let readme = "| [`crates/core`](crates/core) | a |\n| `www` | b |\nthe text speaks of `crates/new`\n";
    assert_eq!(unnamed(readme, &folders), ["README.md: its map lacks crates/new"]);
}
