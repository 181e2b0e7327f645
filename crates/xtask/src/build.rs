//! What is built for others to load: the Worker, the services Worker beside it, the npm package, the demo app.

use crate::cli::BuildArgs;
use crate::repo::Repo;
use crate::tools::{self, Tool};
use crate::{lock, npm, run, say, stamp};
use anyhow::{Context as _, Result, bail};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What Rust's Wasm target may emit; said to the optimiser because stripping removes the section that says it.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// wasm-bindgen catches with it what JavaScript throws at the Worker.
const CATCHES: &str = "--enable-exception-handling";

/// What nobody reads of a module that is served.
const STRIP: [&str; 3] = ["--strip-debug", "--strip-producers", "--strip-target-features"];

/// `cargo xtask build`
pub(crate) fn run(args: &BuildArgs) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let all = args.all || !(args.worker || args.services || args.web || args.www);
    let mut built = Vec::new();
    if all || args.worker {
        worker(&repo)?;
        built.push("worker/build");
    }
    if all || args.services {
        services(&repo)?;
        built.push("worker/services/build");
    }
    if all || args.web || args.www {
        web(&repo)?;
        built.push("crates/web/dist");
    }
    if all || (args.worker && args.web) {
        package(&repo)?;
    }
    if all || args.www {
        www(&repo)?;
        built.push("www/dist");
    }
    if args.json {
        println!("{}", json!({ "ok": true, "built": built }));
    } else {
        for folder in built {
            println!("{folder}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything that a project without services needs, in order. The services Worker is built by whoever says so (`--services`, `cargo
/// xtask build` without a flag, `size`, the tiers that need it): it is half a minute more, and neither the npm package nor the demo has it.
pub(crate) fn all(repo: &Repo) -> Result<()> {
    package(repo)?;
    www(repo)
}

/// What the Worker is built from, beside what every Rust build is. The services Worker lies in its folder, and is no part of it.
const WORKER: [&str; 7] = [
    "crates/edge/Cargo.toml",
    "crates/edge/src",
    "package-lock.json",
    "worker/Cargo.toml",
    "worker/entry",
    "worker/runtime",
    "worker/src",
];

/// What the services Worker is built from, beside that.
const SERVICES: [&str; 8] = [
    "crates/edge/Cargo.toml",
    "crates/edge/src",
    "package-lock.json",
    "worker/entry",
    "worker/runtime",
    "worker/services/Cargo.toml",
    "worker/services/entry.js",
    "worker/services/src",
];

/// What every Rust build depends on, and the named folders.
fn inputs(repo: &Repo, folders: &[&str]) -> Vec<PathBuf> {
    let always = [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "crates/core/Cargo.toml",
        "crates/core/src",
        "crates/wire/Cargo.toml",
        "crates/wire/openapi.json",
        "crates/wire/src",
        // How it is built is a part of what it is built from.
        "crates/xtask/src/build.rs",
    ];
    always.iter().chain(folders).map(|path| repo.at(path)).collect()
}

/// A Worker to pack.
struct Bundle<'a> {
    /// Its name in stamps and logs.
    name: &'a str,
    what: &'a str,
    /// The folder of its crate.
    folder: PathBuf,
    /// The JavaScript around its module.
    entry: &'a str,
    out: PathBuf,
    /// Further arguments for cargo.
    cargo: &'a [&'a str],
    inputs: Vec<PathBuf>,
}

/// `worker/build`: the Worker's module and its Wasm.
pub(crate) fn worker(repo: &Repo) -> Result<()> {
    pack(
        repo,
        &Bundle {
            name: "worker",
            what: "the Worker",
            folder: repo.at("worker"),
            entry: "entry/index.js",
            out: repo.at("worker/build"),
            cargo: &[],
            inputs: inputs(repo, &WORKER),
        },
    )
}

/// `worker/services/build`: the services Worker's module and its Wasm.
pub(crate) fn services(repo: &Repo) -> Result<()> {
    pack(
        repo,
        &Bundle {
            name: "services",
            what: "the services Worker",
            folder: repo.at("worker/services"),
            entry: "entry.js",
            out: repo.at("worker/services/build"),
            cargo: &[],
            inputs: inputs(repo, &SERVICES),
        },
    )
}

/// Where the bundle lies that tests can stop at any step of a rotation. Never deployed.
pub(crate) fn worker_with_faults_folder(repo: &Repo) -> PathBuf {
    repo.target.join("worker-faults")
}

/// The Worker with fault points.
pub(crate) fn worker_with_faults(repo: &Repo) -> Result<()> {
    pack(
        repo,
        &Bundle {
            name: "worker-faults",
            what: "the Worker with fault points",
            folder: repo.at("worker"),
            entry: "entry/index.js",
            out: worker_with_faults_folder(repo),
            cargo: &["--features", "fault-points"],
            inputs: inputs(repo, &WORKER),
        },
    )
}

/// `tests/bench/floor/build`: a Worker that does nothing, packed in the same way.
pub(crate) fn floor(repo: &Repo) -> Result<()> {
    pack(
        repo,
        &Bundle {
            name: "floor",
            what: "a Worker that does nothing",
            folder: repo.at("tests/bench/floor"),
            entry: "entry.js",
            out: repo.at("tests/bench/floor/build"),
            cargo: &[],
            inputs: inputs(repo, &["tests/bench/floor", "worker/entry", "package-lock.json"]),
        },
    )
}

fn pack(repo: &Repo, bundle: &Bundle<'_>) -> Result<()> {
    npm::ensure(repo)?;
    tools::ensure_wasm_target(repo)?;
    let bindgen = Tool::WasmBindgen.program(repo)?;
    let worker_build = Tool::WorkerBuild.program(repo)?;
    let outputs = ["index.js", "index_bg.wasm"].map(|module| bundle.out.join(module));
    // Cargo leaves all of them at the same place in its target folder: what is released must not be taken from a build for tests.
    let _lock = lock::take(&repo.target.join("stamps/worker-bundle.lock"), "another build of the Worker")?;
    stamp::unless_fresh(repo, bundle.name, &bundle.inputs, &outputs, || {
        say::step(&format!("building {} (half a minute; the first time some minutes)", bundle.what));
        let mut command = repo.command(&worker_build);
        command.args(["--release", "--out-dir"]).arg(&bundle.out).arg(".").current_dir(&bundle.folder);
        if !bundle.cargo.is_empty() {
            command.arg("--").args(bundle.cargo);
        }
        // With their names until the end, as for the npm package.
        command.env("CARGO_PROFILE_RELEASE_STRIP", "none");
        // What is deployed says nothing of the machine that built it, and is the same from each.
        rustc_flags(&mut command, &anonymous(repo));
        command.env("EVERLIT_WORKER_ENTRY", bundle.folder.join(bundle.entry));
        command.env("WASM_BINDGEN_BIN", &bindgen);
        // Our entry is bundled in place of worker-build's own.
        command.env("ESBUILD_BIN", repo.at("worker/entry/bundle.mjs"));
        run::must(repo, &format!("build-{}", bundle.name), command, 20)?;
        if outputs.iter().any(|output| !output.is_file()) {
            bail!("worker-build ended well but wrote no {}/index.js", bundle.out.display());
        }
        let [wasm, used] = ["index_bg.wasm", "exports.json"].map(|file| bundle.out.join(file));
        let mut prune = repo.command(npm::wasm_metadce(repo)?);
        prune.arg("-g").args(WASM_FEATURES).arg(CATCHES).arg("--graph-file").arg(&used);
        prune.arg(&wasm).arg("-o").arg(&wasm);
        run::must(repo, &format!("build-{}-prune", bundle.name), prune, 5)?;
        fs::remove_file(&used).with_context(|| format!("cannot remove {}", used.display()))?;
        let mut optimise = repo.command(npm::wasm_opt(repo)?);
        optimise.args(["-Oz", "--converge", "--reorder-functions-by-name", "--low-memory-unused"]);
        // What is called once stands apart where it is long: what is alike compresses better beside each other.
        optimise.arg("--one-caller-inline-max-function-size=60");
        optimise.arg(CATCHES).args(STRIP).args(WASM_FEATURES).arg(&wasm).arg("-o").arg(&wasm);
        run::must(repo, &format!("build-{}-optimise", bundle.name), optimise, 10)?;
        Ok(())
    })?;
    Ok(())
}

/// Flags for rustc that leave the folders of this machine out of what it writes of places in the source.
fn anonymous(repo: &Repo) -> Vec<String> {
    let registry = cargo_home().map(|home| home.join("registry/src"));
    let folders = registry.into_iter().chain([repo.at("")]);
    folders.map(|folder| format!("--remap-path-prefix={}=", folder.display())).collect()
}

/// Where cargo keeps what it has downloaded.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// Flags that hold whatever the environment says: a module that is measured and shipped is the same for whoever builds it.
fn rustc_flags(cargo: &mut Command, flags: &[String]) {
    // This way a flag may have a space in it, and none of the other ways that cargo knows is looked at.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
}

/// `crates/web/dist`: the npm package.
pub(crate) fn web(repo: &Repo) -> Result<()> {
    npm::ensure(repo)?;
    tools::ensure_wasm_target(repo)?;
    let bindgen = Tool::WasmBindgen.program(repo)?;
    // The tests of the driver's units load the module from `build`.
    let outputs =
        ["dist/manifest.json", "build/everlit_web_bg.wasm"].map(|file| repo.at("crates/web").join(file));
    let inputs = inputs(
        repo,
        &["crates/web", "crates/edge/config.schema.json", "crates/wire/golden", "package-lock.json"],
    );
    stamp::unless_fresh(repo, "web", &inputs, &outputs, || {
        say::step("building the npm package (some seconds; the first time a minute)");
        let mut cargo = repo.cargo();
        cargo.args(["build", "--release", "--target", "wasm32-unknown-unknown", "-p", "everlit-web"]);
        // With their names until the end: functions that are alike are put beside each other by them, and compress better.
        cargo.args(["--features", "everlit-web/module"]).env("CARGO_PROFILE_RELEASE_STRIP", "none");
        // What is a little longer than a call is put in place: 1 % less than with what is usual for the smallest code. All frames there are
        // would fit into 4 KB at once, and behind a stack as short as that every address is a short number; with the usual one of 1 MB none is.
        rustc_flags(
            &mut cargo,
            &["-Cllvm-args=--inline-threshold=38".into(), "-Clink-arg=-zstack-size=4096".into()],
        );
        run::must(repo, "build-web-rust", cargo, 20)?;

        let glue = repo.target.join("web-wasm");
        let mut command = repo.command(&bindgen);
        command.args(["--target", "web", "--out-dir"]).arg(&glue);
        command.arg(repo.target.join("wasm32-unknown-unknown/release/everlit_web.wasm"));
        run::must(repo, "build-web-glue", command, 5)?;

        let wasm = glue.join("everlit_web_bg.wasm");
        // What is there for wasm-bindgen's own script goes: nothing but the exports is used, and nothing is imported.
        let mut prune = repo.command(npm::wasm_metadce(repo)?);
        prune.arg("-g").args(WASM_FEATURES).arg("--graph-file").arg(repo.at("crates/web/exports.json"));
        prune.arg(&wasm).arg("-o").arg(&wasm);
        run::must(repo, "build-web-prune", prune, 5)?;

        let mut optimise = repo.command(npm::wasm_opt(repo)?);
        // First its control flow is made anew: what the compiler nested to its own ends comes out shorter.
        optimise.args(["--flatten", "--rereloop", "-Oz"]);
        optimise.args(["-Oz", "--gufa-optimizing", "--converge", "--reorder-functions-by-name"]);
        // That an address is a multiple of something is a hint that the processors of today have no use for.
        optimise.arg("--dealign");
        // What is called once is put in place only while that is not long: what is alike compresses better where it stands apart.
        optimise.args(["--one-caller-inline-max-function-size=1000", "--always-inline-max-function-size=8"]);
        // A trap would be a fault of ours that ends the machine either way, and nothing lies in the first kilobyte.
        optimise.args(["--traps-never-happen", "--low-memory-unused"]);
        optimise.args(STRIP).args(WASM_FEATURES).arg(&wasm).arg("-o").arg(&wasm);
        run::must(repo, "build-web-optimise", optimise, 5)?;

        let mut bundle = repo.node();
        bundle.arg(repo.at("crates/web/build.mjs")).env("EVERLIT_WASM_DIR", &glue);
        run::must(repo, "build-web-bundle", bundle, 5)?;
        Ok(())
    })?;
    Ok(())
}

/// `crates/web/dist` with the Worker in it, so that whoever installs the package needs no Rust.
pub(crate) fn package(repo: &Repo) -> Result<()> {
    worker(repo)?;
    web(repo)?;
    let modules = |folder: &str| ["index.js", "index_bg.wasm"].map(|module| repo.at(folder).join(module));
    let (built, carried) = (modules("worker/build"), modules("crates/web/dist/worker"));
    stamp::unless_fresh(repo, "package", &built, &carried, || {
        fs::create_dir_all(repo.at("crates/web/dist/worker"))?;
        for (from, to) in built.iter().zip(&carried) {
            fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// `www/dist`: the demo app, with the npm package in it, and the documentation.
pub(crate) fn www(repo: &Repo) -> Result<()> {
    web(repo)?;
    // `dist` itself is named: as a part of crates/web it would count as derived.
    // The documentation has the errors in it.
    // And both configurations.
    let read = [
        "www",
        "crates/web/dist",
        "crates/web/ERRORS.md",
        "crates/edge/config.schema.json",
        "crates/edge/services.schema.json",
        "package-lock.json",
    ];
    let inputs = read.map(|path| repo.at(path));
    stamp::unless_fresh(repo, "www", &inputs, &[repo.at("www/dist/index.html")], || {
        say::step("building the demo app and the documentation");
        let mut command = repo.node();
        command.arg(repo.at("www/build.mjs"));
        run::must(repo, "build-www", command, 5)?;
        Ok(())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The folders of a crate and of every crate of ours that it is built from.
    fn crates(repo: &Repo, folder: PathBuf, found: &mut BTreeSet<PathBuf>) {
        let read = |path: PathBuf| -> toml::Table { fs::read_to_string(path).unwrap().parse().unwrap() };
        let workspace = read(repo.at("Cargo.toml"));
        let manifest = read(folder.join("Cargo.toml"));
        if !found.insert(folder) {
            return;
        }
        for name in manifest["dependencies"].as_table().unwrap().keys() {
            let known = &workspace["workspace"]["dependencies"].get(name);
            if let Some(path) = known.and_then(|known| known.get("path")?.as_str()) {
                crates(repo, repo.at(path), found);
            }
        }
    }

    /// Every file that is compiled or bundled: the sources, what they take in by name, and the scripts.
    fn files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let included = text.split("include_").skip(1).filter_map(|rest| {
                let name = rest.strip_prefix("bytes!(\"").or_else(|| rest.strip_prefix("str!(\""))?;
                name.split_once('"').map(|(name, _)| name)
            });
            let imported = text.lines().filter(|line| line.starts_with("import ")).filter_map(|line| {
                line.split_once(" from \"").and_then(|(_, rest)| rest.strip_suffix("\";"))
            });
            let named = included.chain(imported.filter(|name| name.starts_with('.')));
            found.extend(named.map(|name| fs::canonicalize(folder.join(name)).unwrap()));
            found.insert(path);
        }
    }

    #[test]
    fn a_bundle_is_built_anew_when_what_it_is_made_of_changes_and_not_for_another() {
        let repo = Repo::find().unwrap();
        for (own, entry, ours, others) in [
            ("worker", "entry/index.js", &WORKER[..], "worker/services"),
            ("worker/services", "entry.js", &SERVICES[..], "worker/src"),
        ] {
            let inputs = inputs(&repo, ours);
            let is_in = |path: &Path| inputs.iter().any(|input| path.starts_with(input));
            let (mut folders, mut made_of) = (BTreeSet::new(), BTreeSet::new());
            crates(&repo, repo.at(own), &mut folders);
            assert_eq!(folders.len(), 5, "core, edge, runtime, wire and its own: {folders:?}");
            for folder in &folders {
                made_of.insert(folder.join("Cargo.toml"));
                files(&folder.join("src"), &mut made_of);
            }
            made_of.insert(repo.at(own).join(entry));
            files(&repo.at("worker/entry"), &mut made_of);
            for path in &made_of {
                assert!(is_in(path), "{own} is built from {}", path.display());
            }
            for input in &inputs {
                assert!(input.exists(), "{}", input.display());
            }
            for not in [others, "crates/edge/tests", "crates/core/tests", "worker/README.md"] {
                assert!(!is_in(&repo.at(not)) && repo.at(not).exists(), "{own} is not built from {not}");
            }
        }
    }
}
