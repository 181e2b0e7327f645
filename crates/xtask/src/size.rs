//! `cargo xtask size`: what is deployed and what a page loads, compressed the way it travels.

use crate::cli::SizeArgs;
use crate::repo::Repo;
use crate::{build, npm, run, stack};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compressed by Node's zlib: the reference encoders of gzip and brotli, with nothing to compile.
const COMPRESS: &str = "const z = require('node:zlib'), fs = require('node:fs'); \
    const [how, ...files] = process.argv.slice(1); \
    const { BROTLI_PARAM_QUALITY: Q, BROTLI_PARAM_SIZE_HINT: H } = z.constants; \
    console.log(JSON.stringify(files.map((file) => { const data = fs.readFileSync(file); \
    return (how === 'gzip' ? z.gzipSync(data, { level: 9 }) \
    : z.brotliCompressSync(data, { params: { [Q]: 11, [H]: data.length } })).length; })));";

/// What each may be. The platform allows a Worker of 3 MB; what is loaded at every cold start should be far less. What a page loads
/// is what README.md promises.
const BUDGETS: Budgets = Budgets {
    worker_gzip: 400 * 1024,
    session_brotli: 15 * 1024 + 512,
    later_brotli: 8 * 1024 + 512,
    human_brotli: 3 * 1024 + 768,
    react_brotli: 2 * 1024,
    elements_brotli: 12 * 1024,
    service_brotli: 4 * 1024 + 256,
    services_gzip: 400 * 1024,
};

/// The most that may be, in bytes.
struct Budgets {
    worker_gzip: u64,
    session_brotli: u64,
    later_brotli: u64,
    human_brotli: u64,
    react_brotli: u64,
    elements_brotli: u64,
    service_brotli: u64,
    services_gzip: u64,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Every module that `wrangler deploy` uploads, gzip -9.
    pub(crate) worker_gzip: u64,
    /// All that a page loads until `openSession` resolves, brotli 11: one script, with the Wasm module in it. What is begun in the turn in
    /// which it resolves (`calls.js` and `events.js`, where somebody is logged in) is waited for by nobody and counts among `later`.
    pub(crate) session_brotli: u64,
    /// The Wasm module by itself: what of that is Wasm.
    pub(crate) wasm_brotli: u64,
    /// What a page loads only when it is needed.
    pub(crate) later_brotli: u64,
    /// What a page loads where only a person can go on: calls that wait, logins in a popup, fallbacks. `everlit/reauth` is a part of the elements.
    pub(crate) human_brotli: u64,
    /// `everlit/react` with what it imports of ours and no page loads else; React itself is not ours.
    pub(crate) react_brotli: u64,
    /// `everlit/elements`: all four of them with what they share, and with `everlit/reauth`, which they show: all that they bring in and a session has not.
    pub(crate) elements_brotli: u64,
    /// `everlit/service`, which other programs load: all of it, with nothing beside it.
    pub(crate) service_brotli: u64,
    /// The same of the services Worker as of the Worker: another upload, which only those have who have accounts at brokers.
    pub(crate) services_gzip: u64,
}

impl Sizes {
    /// Each number that has a budget, with its name.
    fn rows(self) -> [(&'static str, u64, u64); 8] {
        [
            ("Worker, all modules, gzip -9", self.worker_gzip, BUDGETS.worker_gzip),
            ("page until openSession, all of it, brotli 11", self.session_brotli, BUDGETS.session_brotli),
            ("page, when it is needed, brotli 11", self.later_brotli, BUDGETS.later_brotli),
            ("page, for a person, brotli 11", self.human_brotli, BUDGETS.human_brotli),
            ("page with React, on top, brotli 11", self.react_brotli, BUDGETS.react_brotli),
            ("page with all elements, on top, brotli 11", self.elements_brotli, BUDGETS.elements_brotli),
            ("program that asks for tokens, brotli 11", self.service_brotli, BUDGETS.service_brotli),
            ("services Worker, all modules, gzip -9", self.services_gzip, BUDGETS.services_gzip),
        ]
    }

    /// What is more than it may be, in words.
    pub(crate) fn over_budget(self) -> Vec<String> {
        let over = self.rows().into_iter().filter(|(_, size, budget)| size > budget);
        over.map(|(what, size, budget)| format!("{what}: {size} bytes, its budget is {budget}")).collect()
    }

    fn json(self, peers: &Value) -> String {
        format!(
            r#"{{"worker_gzip":{},"client":{{"session_brotli":{},"wasm_brotli":{},"later_brotli":{},"human_brotli":{},"react_brotli":{},"elements_brotli":{}}},"service_brotli":{},"peers":{peers},"services_gzip":{}}}"#,
            self.worker_gzip,
            self.session_brotli,
            self.wasm_brotli,
            self.later_brotli,
            self.human_brotli,
            self.react_brotli,
            self.elements_brotli,
            self.service_brotli,
            self.services_gzip
        )
    }
}

/// What a page loads of other libraries, measured in the same way: bytes by name.
fn peers(repo: &Repo) -> Result<Value> {
    let mut command = repo.node();
    command.arg(repo.at("tests/bench/client/sizes.mjs"));
    let output = run::must(repo, "size-peers", command, 5)?;
    let line = output.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(line).context("the sizes of others are no JSON")
}

/// `cargo xtask size`
pub(crate) fn run(args: &SizeArgs) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let sizes = measure(&repo)?;
    let peers = peers(&repo)?;
    if args.json {
        println!("{}", sizes.json(&peers));
    } else {
        for (what, size, budget) in sizes.rows() {
            println!("{what:<45} {size:>8} of {budget:>7} bytes");
        }
        println!("{:<45} {:>8} bytes", "of the page until openSession: Wasm", sizes.wasm_brotli);
        for (name, size) in peers.as_object().into_iter().flatten() {
            let name = name.trim_end_matches("_brotli").replace('_', "-");
            println!("{:<45} {size:>8} bytes", format!("beside it: {name}, brotli 11"));
        }
    }
    let over = sizes.over_budget();
    for line in &over {
        eprintln!("over budget: {line}");
    }
    Ok(if over.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds what is to be measured, packs it as for a deployment, and measures.
pub(crate) fn measure(repo: &Repo) -> Result<Sizes> {
    build::all(repo)?;
    build::services(repo)?;
    let uploaded =
        |config: &str| -> Result<u64> { Ok(compressed(repo, "gzip", &dry_run(repo, config)?)?.iter().sum()) };
    let (worker_gzip, services_gzip) =
        (uploaded("wrangler.toml")?, uploaded("worker/services/wrangler.toml")?);

    let manifest = repo.at("crates/web/dist/manifest.json");
    let text =
        fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let in_dist = |files: &[String]| -> Vec<PathBuf> {
        files.iter().map(|file| repo.at("crates/web/dist").join(file)).collect()
    };
    let sum = |name| -> Result<u64> {
        Ok(compressed(repo, "brotli", &in_dist(&javascript(&text, name)?))?.iter().sum())
    };
    let (session_brotli, later_brotli, react_brotli) = (sum("session")?, sum("later")?, sum("react")?);
    let elements_brotli = sum("elements")?;
    let service_brotli = sum("service")?;
    let human_brotli = sum("human")?;
    let wasm_brotli = compressed(repo, "brotli", &in_dist(&["everlit.wasm".into()]))?.iter().sum();
    Ok(Sizes {
        worker_gzip,
        session_brotli,
        wasm_brotli,
        later_brotli,
        human_brotli,
        react_brotli,
        elements_brotli,
        service_brotli,
        services_gzip,
    })
}

/// The scripts under a name of the manifest. None would weigh nothing, and be within every budget.
fn javascript(manifest: &str, name: &str) -> Result<Vec<String>> {
    let files = list(manifest, name)?;
    if files.is_empty() || !files.iter().all(|file| file.ends_with(".js")) {
        bail!("crates/web/dist/manifest.json names no JavaScript, or something else, under \"{name}\"");
    }
    Ok(files)
}

/// The files under a name of the manifest.
fn list(manifest: &str, name: &str) -> Result<Vec<String>> {
    let manifest: Value =
        serde_json::from_str(manifest).context("crates/web/dist/manifest.json is not JSON")?;
    let list = manifest.get(name).and_then(Value::as_array);
    Ok(list.into_iter().flatten().filter_map(|file| file.as_str().map(str::to_owned)).collect())
}

/// Packs the Worker of this configuration as `wrangler deploy` would, without sending it; returns its modules.
pub(crate) fn dry_run(repo: &Repo, file: &str) -> Result<Vec<PathBuf>> {
    let path = repo.at(file);
    let mut config = stack::read_config(&path)?;
    let name =
        config.get("name").and_then(toml::Value::as_str).with_context(|| format!("{file} has no name"))?;
    let folder = repo.target.join("deploy").join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder)?;
    // The build step of wrangler.toml is what we have just done, in a cargo that would wait for ours.
    let has_build = config.remove("build").is_some();
    let mut command = repo.node();
    command.arg(npm::wrangler(repo)?).args(["deploy", "--dry-run", "--outdir"]).arg(folder.join("out"));
    if has_build {
        stack::absolute_paths(&mut config, path.parent().unwrap_or(&repo.root))?;
        let file = folder.join("wrangler.toml");
        fs::write(&file, config.to_string())?;
        command.arg("--config").arg(file);
    } else {
        command.arg("--config").arg(&path);
    }
    stack::quiet(&mut command, &folder);
    run::must(repo, "deploy-dry-run", command, 5)?;
    let modules = modules(&folder.join("out"))?;
    if !modules.iter().any(|module| module.extension().is_some_and(|end| end == "wasm")) {
        bail!("the dry run wrote no Wasm module to {}", folder.display());
    }
    Ok(modules)
}

/// Everything in the folder but source maps and wrangler's note about the folder.
fn modules(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(modules(&path)?);
        } else if !path.extension().is_some_and(|end| end == "map" || end == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The compressed size of each file, alone.
fn compressed(repo: &Repo, how: &str, files: &[PathBuf]) -> Result<Vec<u64>> {
    let mut command = repo.node();
    command.args(["-e", COMPRESS, how]).args(files);
    let output = run::must(repo, "compress", command, 5)?;
    let sizes: Vec<u64> =
        serde_json::from_str(output.trim()).context("the compressor said no list of sizes")?;
    if sizes.len() != files.len() {
        bail!("{} files went to the compressor, {} sizes came back", files.len(), sizes.len());
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_the_promised_one() {
        let sizes = Sizes {
            worker_gzip: 7,
            session_brotli: 5,
            wasm_brotli: 2,
            later_brotli: 4,
            human_brotli: 3,
            react_brotli: 6,
            elements_brotli: 1,
            service_brotli: 3,
            services_gzip: 8,
        };
        let peers = serde_json::json!({ "other_brotli": 9 });
        let said: Value = serde_json::from_str(&sizes.json(&peers)).unwrap();
        let client = serde_json::json!({
            "session_brotli": 5, "wasm_brotli": 2, "later_brotli": 4, "human_brotli": 3, "react_brotli": 6, "elements_brotli": 1
        });
        assert_eq!(
            said,
            serde_json::json!({
                "worker_gzip": 7, "client": client, "service_brotli": 3, "peers": peers, "services_gzip": 8
            })
        );
    }

    #[test]
    fn each_number_has_a_budget_of_its_own() {
        let Budgets {
            worker_gzip,
            session_brotli,
            later_brotli,
            human_brotli,
            react_brotli,
            elements_brotli,
            service_brotli,
            services_gzip,
        } = BUDGETS;
        let all = Sizes {
            worker_gzip,
            session_brotli,
            wasm_brotli: 0,
            later_brotli,
            human_brotli,
            react_brotli,
            elements_brotli,
            service_brotli,
            services_gzip,
        };
        assert!(all.over_budget().is_empty());
        let over = [
            Sizes { worker_gzip: worker_gzip + 1, ..all },
            Sizes { session_brotli: session_brotli + 1, ..all },
            Sizes { later_brotli: later_brotli + 1, ..all },
            Sizes { human_brotli: human_brotli + 1, ..all },
            Sizes { react_brotli: react_brotli + 1, ..all },
            Sizes { elements_brotli: elements_brotli + 1, ..all },
            Sizes { service_brotli: service_brotli + 1, ..all },
            Sizes { services_gzip: services_gzip + 1, ..all },
        ];
        for sizes in over {
            assert_eq!(sizes.over_budget().len(), 1, "{sizes:?}");
        }
    }

    #[test]
    fn a_page_loads_what_the_readme_promises() {
        let Budgets { session_brotli, later_brotli, human_brotli, react_brotli, .. } = BUDGETS;
        assert_eq!((session_brotli, later_brotli, human_brotli, react_brotli), (15_872, 8_704, 3_840, 2_048));
        let readme = fs::read_to_string(Repo::find().unwrap().at("README.md")).unwrap();
        assert!(
            readme.contains(
                "15.5 KB of Wasm and JavaScript until the session is open; 8.5 KB more when needed"
            )
        );
    }

    #[test]
    fn a_manifest_without_the_hooks_is_refused() {
        assert_eq!(javascript(r#"{"react":["r.js","s.js"]}"#, "react").unwrap(), ["r.js", "s.js"]);
        assert!(javascript(r#"{"later":["r.js"]}"#, "react").is_err());
        assert!(javascript(r#"{"react":[]}"#, "react").is_err());
        assert!(javascript(r#"{"react":["r.js","r.wasm"]}"#, "react").is_err());
    }

    #[test]
    fn files_are_compressed_alone() {
        let repo = Repo::find().unwrap();
        let folder = std::env::temp_dir().join(format!("everlit-xtask-{}-size", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let files = [folder.join("a.js"), folder.join("b.wasm")];
        fs::write(&files[0], "x".repeat(10_000)).unwrap();
        fs::write(&files[1], "").unwrap();
        fs::write(folder.join("a.js.map"), "").unwrap();
        assert_eq!(modules(&folder).unwrap(), files);
        for how in ["gzip", "brotli"] {
            let sizes = compressed(&repo, how, &files).unwrap();
            assert!(sizes[0] < 100 && sizes[1] < sizes[0], "{how}: {sizes:?}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
