//! A running stack: the embedded authorization server, and the Worker with the demo app in local workerd.
//!
//! The Worker's configuration is the repository's own wrangler.toml with the addresses of this stack put in, so what
//! runs here is what gets deployed.

use crate::lock::{self, Lock};
use crate::process::{self, Output, Running};
use crate::repo::Repo;
use crate::{http, npm, ports, run, secrets};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use toml::{Table, Value};

/// What to start.
pub(crate) struct Plan<'a> {
    /// Names the logs and the generated folder; with a number when another one of that name is running.
    pub(crate) name: &'a str,
    /// Port of the app.
    pub(crate) port: u16,
    /// Seconds an access token lives.
    pub(crate) access_ttl: u32,
    /// Serve the app over https: WebKitGTK stores Secure cookies only there.
    pub(crate) https: bool,
}

/// Where the authorization server's parts listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Servers {
    issuer: String,
    resource: String,
    control: String,
}

/// A stack that is ready; dropping it stops it.
pub(crate) struct Stack {
    /// `http://localhost:<port>`
    pub(crate) app: String,
    /// What its logs and its folder are named.
    pub(crate) name: String,
    servers: Servers,
    access_ttl: u32,
    worker: Running,
    authorization_server: Running,
    /// Given back last: the name is free when nothing runs under it.
    _slot: Lock,
}

impl Stack {
    /// Starts it and waits until it answers.
    pub(crate) fn start(repo: &Repo, plan: &Plan<'_>) -> Result<Self> {
        let (name, slot) = free_name(repo, plan.name)?;
        let plan = &Plan { name: &name, ..*plan };
        let scheme = if plan.https { "https" } else { "http" };
        let app = format!("{scheme}://localhost:{}", plan.port);
        let root = read_config(&repo.at("wrangler.toml"))?;
        let client_secret = secrets::random()?;
        let (authorization_server, servers) = start_servers(
            repo,
            plan,
            &client_id(&root)?,
            &format!("{app}/auth/callback/demo"),
            &client_secret,
        )?;

        let folder = repo.target.join("stack").join(plan.name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let config = derive(root, &repo.root, &app, &servers)?;
        fs::write(folder.join("wrangler.toml"), config.to_string())?;
        let dev_vars =
            format!("SECRET_SESSION_KEY={}\nSECRET_DEMO_CLIENT_SECRET={client_secret}\n", secrets::random()?);
        secrets::write(&folder.join(".dev.vars"), &dev_vars)?;
        let worker = start_worker(repo, plan, &folder)?;
        let access_ttl = plan.access_ttl;
        Ok(Self { app, name, servers, access_ttl, worker, authorization_server, _slot: slot })
    }

    /// Tells a script where everything is.
    pub(crate) fn describe(&self, command: &mut Command) {
        command
            .env("EVERLIT_APP", &self.app)
            .env("EVERLIT_ISSUER", &self.servers.issuer)
            .env("EVERLIT_RESOURCE", &self.servers.resource)
            .env("EVERLIT_CONTROL", &self.servers.control)
            .env("EVERLIT_ACCESS_TTL", self.access_ttl.to_string());
    }

    /// All its addresses, as one JSON object.
    pub(crate) fn addresses(&self) -> Json {
        json!({
            "url": self.app,
            "issuer": self.servers.issuer,
            "resource": self.servers.resource,
            "control": self.servers.control,
            "access_ttl": self.access_ttl,
        })
    }

    /// Fails when a part of it has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        let parts =
            [("the Worker", &mut self.worker), ("the authorization server", &mut self.authorization_server)];
        for (what, part) in parts {
            if let Some(status) = part.ended()? {
                bail!("{what} ended by itself ({status}):\n{}", part.tail());
            }
        }
        Ok(())
    }

    /// The ends of its logs, for a report of a failure.
    pub(crate) fn tails(&self) -> String {
        format!(
            "  the Worker said:\n{}\n  the authorization server said:\n{}",
            self.worker.tail(),
            self.authorization_server.tail()
        )
    }
}

/// The name, or the name with a number, that no running stack of this clone has.
pub(crate) fn free_name(repo: &Repo, name: &str) -> Result<(String, Lock)> {
    for number in 1..100 {
        let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
        if let Some(lock) = lock::attempt(&repo.target.join("stack").join(format!("{name}.lock")))? {
            return Ok((name, lock));
        }
    }
    bail!("a hundred stacks named {name} are running")
}

fn start_servers(
    repo: &Repo,
    plan: &Plan<'_>,
    client_id: &str,
    redirect_uri: &str,
    client_secret: &str,
) -> Result<(Running, Servers)> {
    let mut command = repo.node();
    command.arg(repo.at("tests/servers/main.mjs"));
    command.args(["--port", "0", "--resource-port", "0", "--control-port", "0"]);
    command.args(["--access-ttl", &plan.access_ttl.to_string()]);
    command.args(["--client-id", client_id, "--redirect-uri", redirect_uri]);
    command.env("CLIENT_SECRET", client_secret);
    let log = repo.log(&format!("{}-servers", plan.name))?;
    let stdout = repo.log(&format!("{}-servers-ready", plan.name))?;
    let mut running = process::spawn("the authorization server", command, &log, Output::Split(stdout))?;
    let servers = running.until(Duration::from_secs(60), |running| ready_line(&running.printed()))?;
    Ok((running, servers))
}

/// The one JSON line that says the servers are ready; an unfinished line is not one yet.
fn ready_line(printed: &str) -> Option<Servers> {
    let (line, _) = printed.split_once('\n')?;
    let said: Json = serde_json::from_str(line).ok()?;
    let field = |name: &str| Some(said.get(name)?.as_str()?.to_owned());
    Some(Servers { issuer: field("issuer")?, resource: field("resource")?, control: field("control")? })
}

fn start_worker(repo: &Repo, plan: &Plan<'_>, folder: &Path) -> Result<Running> {
    let mut command = repo.node();
    command.arg(npm::wrangler(repo)?).arg("dev").arg("--local");
    command.arg("--config").arg(folder.join("wrangler.toml"));
    command.args(["--ip", "127.0.0.1", "--port", &plan.port.to_string()]);
    command.args(["--inspector-port", &ports::free()?.to_string()]);
    command.args(["--local-protocol", if plan.https { "https" } else { "http" }]);
    command.arg("--persist-to").arg(folder.join("state"));
    command.args(["--show-interactive-dev-session", "false", "--log-level", "info"]);
    quiet(&mut command, folder);
    let log = repo.log(&format!("{}-worker", plan.name))?;
    let mut running = process::spawn("the Worker", command, &log, Output::Log)?;
    let (port, https) = (plan.port, plan.https);
    if https {
        // TLS is Node's business: it looks once a round, for as long as the Worker has.
        running.until(Duration::from_secs(90), |_| probe_https(repo, port).then_some(()))?;
    } else {
        let mut answer = 0;
        let waited = running.until(Duration::from_secs(90), |_| {
            answer = http::status(port, "/healthz").unwrap_or(0);
            (answer == 200).then_some(())
        });
        waited.with_context(|| format!("GET /healthz on port {port} last said {answer}"))?;
    }
    Ok(running)
}

/// wrangler without questions, metrics and update notices, and with its own files in our folder.
pub(crate) fn quiet(command: &mut Command, folder: &Path) {
    command.env("WRANGLER_SEND_METRICS", "false").env("WRANGLER_HIDE_BANNER", "true");
    command.env("WRANGLER_LOG_PATH", folder.join("wrangler-logs")).env("CI", "1");
}

/// One look at `/healthz` over https with wrangler's self-signed certificate.
fn probe_https(repo: &Repo, port: u16) -> bool {
    const SCRIPT: &str = "require('node:https').get({ host: '127.0.0.1', port: process.argv[1], path: '/healthz', \
        rejectUnauthorized: false, timeout: 2000 }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))\
        .on('error', () => process.exit(1)).on('timeout', () => process.exit(1));";
    let mut command = repo.node();
    command.args(["-e", SCRIPT, &port.to_string()]);
    run::finish(repo, "probe-https", command, 1).is_ok_and(|done| done.ok)
}

/// Reads a wrangler.toml.
pub(crate) fn read_config(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

/// The client that the demo provider is configured with.
fn client_id(root: &Table) -> Result<String> {
    let found = root.get("vars").and_then(|vars| vars.get("PROVIDER_DEMO")?.get("client_id")?.as_str());
    Ok(found.context("wrangler.toml has no vars.PROVIDER_DEMO.client_id")?.to_owned())
}

/// The repository's configuration with this stack's addresses and with absolute paths.
fn derive(mut config: Table, repo: &Path, app: &str, servers: &Servers) -> Result<Table> {
    // Already built, served locally, and never deployed from here.
    for name in ["build", "dev", "env", "route", "routes"] {
        config.remove(name);
    }
    absolute_paths(&mut config, repo)?;
    let vars = table(&mut config, "vars")?;
    vars.insert("ORIGINS".to_owned(), Value::Array(vec![Value::from(app)]));
    table(vars, "PROVIDER_DEMO")?.insert("issuer".to_owned(), Value::from(servers.issuer.as_str()));
    table(vars, "UPSTREAM_ORDERS")?.insert("origin".to_owned(), Value::from(servers.resource.as_str()));
    Ok(config)
}

/// Paths count from the file that names them, and ours is going to be another one.
pub(crate) fn absolute_paths(config: &mut Table, repo: &Path) -> Result<()> {
    make_absolute(config, "main", repo)?;
    if let Some(assets) = config.get_mut("assets").and_then(Value::as_table_mut) {
        make_absolute(assets, "directory", repo)?;
    }
    Ok(())
}

fn table<'a>(parent: &'a mut Table, name: &str) -> Result<&'a mut Table> {
    let found = parent.get_mut(name).and_then(Value::as_table_mut);
    found.with_context(|| format!("wrangler.toml has no table `{name}`, which the local stack fills in"))
}

fn make_absolute(parent: &mut Table, name: &str, repo: &Path) -> Result<()> {
    let path =
        parent.get(name).and_then(Value::as_str).with_context(|| format!("wrangler.toml has no `{name}`"))?;
    let path = repo.join(path).to_string_lossy().into_owned();
    parent.insert(name.to_owned(), Value::from(path));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
        name = "everlit"
        main = "worker/build/index.js"
        [build]
        command = "cargo xtask build --worker"
        [assets]
        directory = "www/dist"
        run_worker_first = ["/auth/*"]
        [vars]
        ORIGINS = ["http://localhost:8787"]
        LIMITS = { idle = "14d" }
        PROVIDER_DEMO = { kind = "oidc", issuer = "http://127.0.0.1:9000", client_id = "everlit-demo" }
        UPSTREAM_ORDERS = { origin = "http://127.0.0.1:9001", path = "/orders" }
    "#;

    fn servers() -> Servers {
        Servers {
            issuer: "http://127.0.0.1:1".to_owned(),
            resource: "http://127.0.0.1:2".to_owned(),
            control: "http://127.0.0.1:3".to_owned(),
        }
    }

    fn derived(root: &str) -> Result<Table> {
        derive(root.parse().unwrap(), Path::new("/repo"), "http://localhost:7", &servers())
    }

    #[test]
    fn the_addresses_are_put_in_and_the_rest_is_kept() {
        let config = derived(ROOT).unwrap();
        assert_eq!(config["vars"]["ORIGINS"], Value::Array(vec![Value::from("http://localhost:7")]));
        assert_eq!(config["vars"]["PROVIDER_DEMO"]["issuer"].as_str(), Some("http://127.0.0.1:1"));
        assert_eq!(config["vars"]["PROVIDER_DEMO"]["kind"].as_str(), Some("oidc"));
        assert_eq!(config["vars"]["UPSTREAM_ORDERS"]["origin"].as_str(), Some("http://127.0.0.1:2"));
        assert_eq!(config["vars"]["UPSTREAM_ORDERS"]["path"].as_str(), Some("/orders"));
        assert_eq!(config["vars"]["LIMITS"]["idle"].as_str(), Some("14d"));
        assert_eq!(config["main"].as_str(), Some("/repo/worker/build/index.js"));
        assert_eq!(config["assets"]["directory"].as_str(), Some("/repo/www/dist"));
        assert!(!config.contains_key("build"));
    }

    #[test]
    fn what_is_derived_is_toml_again() {
        let text = derived(ROOT).unwrap().to_string();
        assert_eq!(text.parse::<Table>().unwrap(), derived(ROOT).unwrap());
    }

    #[test]
    fn a_missing_table_is_named() {
        let said = derived(&ROOT.replace("UPSTREAM_ORDERS", "UPSTREAM_OTHER")).unwrap_err().to_string();
        assert!(said.contains("UPSTREAM_ORDERS"), "{said}");
    }

    #[test]
    fn the_ready_line_must_be_whole() {
        let line = r#"{"ready":true,"issuer":"http://127.0.0.1:1","resource":"http://127.0.0.1:2","control":"http://127.0.0.1:3"}"#;
        assert_eq!(ready_line(line), None);
        assert_eq!(ready_line(&format!("{line}\n")), Some(servers()));
        assert_eq!(ready_line("starting\n"), None);
    }
}
