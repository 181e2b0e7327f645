//! Arrows between crates never turn back, by their manifests.

use crate::manifests::{Manifest, manifests};
use crate::tree::{File, files, none};

/// Who may depend on whom. `xtask` uses the parsers of `edge`, to say the same as the Worker, and the secrets of `core`.
const ARROWS: [(&str, &[&str]); 13] = [
    ("everlit-core", &[]),
    ("everlit-wire", &["everlit-core"]),
    ("everlit-edge", &["everlit-core"]),
    ("everlit-web", &["everlit-wire", "everlit-core"]),
    ("everlit-runtime", &["everlit-wire", "everlit-edge", "everlit-core"]),
    ("everlit-worker", &["everlit-runtime", "everlit-wire", "everlit-edge", "everlit-core"]),
    ("everlit-services", &["everlit-runtime", "everlit-wire", "everlit-edge", "everlit-core"]),
    ("everlit-sim", &["everlit-wire", "everlit-core"]),
    ("everlit-tests-sim", &["everlit-sim", "everlit-wire", "everlit-core"]),
    ("everlit-bench-floor", &[]),
    ("everlit-tests-house", &[]),
    ("everlit-tests-model", &["everlit-core"]),
    ("xtask", &["everlit-edge", "everlit-core"]),
];

fn offences(manifests: &[Manifest]) -> Vec<String> {
    let mut found = Vec::new();
    let house: Vec<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
    for manifest in manifests {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == manifest.name) else {
            found.push(format!(
                "{}: the package `{}` has no place among the arrows",
                manifest.path, manifest.name
            ));
            continue;
        };
        for dependency in &manifest.all_dependencies {
            // A crate may name itself, to test with a feature that it does not have by default.
            let own = *dependency == manifest.name;
            if !own && house.contains(&dependency.as_str()) && !allowed.contains(&dependency.as_str()) {
                found.push(format!("{}: {} must not depend on {dependency}", manifest.path, manifest.name));
            }
        }
        if manifest.name == "everlit-core" {
            found.extend(
                manifest.dependencies.iter().map(|name| format!("{}: core depends on {name}", manifest.path)),
            );
        }
    }
    found
}

#[test]
fn crates_depend_only_downwards() {
    let manifests = manifests(&files());
    for (name, _) in ARROWS {
        assert!(manifests.iter().any(|manifest| manifest.name == name), "{name} is gone: change the arrows");
    }
    none(&offences(&manifests));
}

#[test]
fn an_arrow_that_turns_back_is_found() {
    let bad = |path: &str, text: &str| {
        let other = "[package]\nname = \"everlit-worker\"\n";
        offences(&manifests(&[File::made(path, text), File::made("worker/Cargo.toml", other)])).len()
    };
    let web = "[package]\nname = \"everlit-web\"\n";
    assert_eq!(bad("crates/web/Cargo.toml", web), 0);
    for table in ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"]
    {
        let text = format!("{web}[{table}]\neverlit-worker = {{ path = \"../../worker\" }}\n");
        assert_eq!(bad("crates/web/Cargo.toml", &text), 1, "{table}");
    }
    let renamed =
        format!("{web}[dependencies]\nother = {{ package = \"everlit-worker\", path = \"../../worker\" }}\n");
    assert_eq!(bad("crates/web/Cargo.toml", &renamed), 1);
    assert_eq!(bad("crates/new/Cargo.toml", "[package]\nname = \"everlit-new\"\n"), 1);
    assert_eq!(
        bad("crates/core/Cargo.toml", "[package]\nname = \"everlit-core\"\n[dependencies]\nserde = \"1\"\n"),
        1
    );
}
