//! Nothing in the repository tells whose machine it was written on, or which registry served it.

use crate::tree::{File, files, none};

// In pieces: this file is checked too.
const HOMES: [&str; 3] = [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")];
const HOSTS: [&str; 3] =
    [concat!("registry.", "npmjs.org"), concat!("index.", "crates.io"), concat!("static.", "crates.io")];

fn offences(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            let place = format!("{}:{}", file.path, at + 1);
            if HOMES.iter().any(|home| is_home(line, home)) {
                found.push(format!("{place}: holds a path of somebody's home folder"));
            }
            if HOSTS.iter().any(|host| line.contains(host)) {
                found.push(format!("{place}: names a registry's host"));
            }
            if file.path.ends_with("package-lock.json") && is_remote(line) {
                found.push(format!("{place}: says where a package was downloaded from"));
            }
            if is_registry_setting(&file.path, line) {
                found.push(format!("{place}: sets a registry"));
            }
        }
    }
    found
}

/// The folder's name followed by another one, and not a part of a longer path.
fn is_home(line: &str, home: &str) -> bool {
    line.match_indices(home).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + home.len()..].chars().next();
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        !before.is_some_and(word) && after.is_some_and(word)
    })
}

/// A link inside the workspace is no download.
fn is_remote(line: &str) -> bool {
    line.trim_start().strip_prefix("\"resolved\":").is_some_and(|rest| rest.contains("://"))
}

fn is_registry_setting(path: &str, line: &str) -> bool {
    let line = line.trim_start();
    match path.rsplit('/').next().unwrap_or_default() {
        ".npmrc" => line.split('=').next().is_some_and(|key| key.trim_end().ends_with("registry")),
        "config.toml" if path.contains(".cargo/") => {
            ["[source", "[registry", "[registries"].iter().any(|start| line.starts_with(start))
        }
        _ => false,
    }
}

#[test]
fn no_file_tells_of_a_machine_or_a_registry() {
    none(&offences(&files()));
}

#[test]
fn a_file_that_tells_is_found() {
    let bad = |path: &str, text: &str| offences(&[File::made(path, text)]).len();
    for home in HOMES {
        assert_eq!(bad("a.md", &format!("see {home}jane/notes")), 1, "{home}");
        assert_eq!(bad("a.md", &format!("https://example.com{home}jane")), 0, "{home}");
    }
    for host in HOSTS {
        assert_eq!(bad("a.toml", &format!("url = \"https://{host}/x\"")), 1);
    }
    assert_eq!(bad("package-lock.json", "  \"resolved\": \"https://mirror.example/a.tgz\","), 1);
    assert_eq!(bad("package-lock.json", "  \"resolved\": \"crates/web\","), 0);
    assert_eq!(bad(".npmrc", "registry=https://mirror.example/"), 1);
    assert_eq!(bad(".npmrc", "omit-lockfile-registry-resolved=true"), 0);
    assert_eq!(bad(".cargo/config.toml", "[source.crates-io]"), 1);
}
