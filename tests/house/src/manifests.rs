//! What every manifest must say.

use crate::tree::{File, files, none};
use toml::{Table, Value};

/// What matters of a Cargo.toml.
pub(crate) struct Manifest {
    pub(crate) path: String,
    pub(crate) name: String,
    /// What the crate itself is linked with.
    pub(crate) dependencies: Vec<String>,
    /// The same and what its tests and build scripts use.
    pub(crate) all_dependencies: Vec<String>,
    has_lints: bool,
}

impl Manifest {
    fn read(file: &File) -> Option<Self> {
        let table: Table = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        let mut tables = vec![&table];
        let targets = table.get("target").and_then(Value::as_table);
        tables.extend(targets.into_iter().flatten().filter_map(|(_, target)| target.as_table()));
        let named = |kind: &str| -> Vec<String> {
            let lists = tables.iter().filter_map(|table| table.get(kind)?.as_table());
            // A dependency may go by another name than its package.
            let package = |(name, value): (&String, &Value)| {
                value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
            };
            lists.flatten().map(package).collect()
        };
        let dependencies = named("dependencies");
        let all = [dependencies.clone(), named("dev-dependencies"), named("build-dependencies")].concat();
        let lints = table.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
        Some(Self {
            path: file.path.clone(),
            name,
            dependencies,
            all_dependencies: all,
            has_lints: lints == Some(true),
        })
    }
}

/// Every package of the workspace.
pub(crate) fn manifests(files: &[File]) -> Vec<Manifest> {
    files.iter().filter(|file| file.path.ends_with("/Cargo.toml")).filter_map(Manifest::read).collect()
}

fn without_lints(manifests: &[Manifest]) -> Vec<String> {
    let without = manifests.iter().filter(|manifest| !manifest.has_lints);
    without.map(|manifest| format!("{}: lacks `[lints] workspace = true`", manifest.path)).collect()
}

/// Packages that are no members of the workspace are never tested.
fn strangers(root: &str, manifests: &[Manifest]) -> Vec<String> {
    let root: Table = root.parse().unwrap();
    let members =
        root.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
    let is_member =
        |folder: &str| members.into_iter().flatten().any(|member| member.as_str() == Some(folder));
    let folders = manifests.iter().filter_map(|manifest| manifest.path.strip_suffix("/Cargo.toml"));
    folders
        .filter(|folder| !is_member(folder))
        .map(|folder| format!("{folder}: is no member of the workspace"))
        .collect()
}

#[test]
fn every_crate_has_the_lints_of_the_house() {
    none(&without_lints(&manifests(&files())));
}

#[test]
fn every_crate_is_a_member() {
    let files = files();
    let root = files.iter().find(|file| file.path == "Cargo.toml").unwrap();
    none(&strangers(&root.text, &manifests(&files)));
}

#[test]
fn a_crate_without_lints_is_found() {
    let manifest =
        |rest: &str| manifests(&[File::made("a/Cargo.toml", &format!("[package]\nname = \"a\"\n{rest}"))]);
    assert_eq!(without_lints(&manifest("")).len(), 1);
    assert_eq!(without_lints(&manifest("[lints]\nworkspace = false")).len(), 1);
    assert_eq!(without_lints(&manifest("[lints]\nworkspace = true")).len(), 0);
    assert_eq!(strangers("[workspace]\nmembers = [\"b\"]", &manifest("")).len(), 1);
    assert_eq!(strangers("[workspace]\nmembers = [\"a\"]", &manifest("")).len(), 0);
}
