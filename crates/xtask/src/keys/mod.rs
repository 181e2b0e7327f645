//! `cargo xtask keys`: a new session key without logging anybody out.
//!
//! The key that cookies are signed and tokens are wrapped with has versions: `SECRET_SESSION_KEY`, `SECRET_SESSION_KEY_2` and
//! so on. A new one is set *beside* the others and makes everything new from then on. The Worker still takes what an older one
//! made, and makes it anew: a cookie when its browser asks for the session or a token, a session's storage when its alarm
//! rings, which it does once in a week. Only when all of that has happened may the older ones go, and then everything that
//! was deleted in the meantime, and every copy of it, is unreadable for good.
//!
//! The services Worker has keys of its own, at another place and with another end: it has no sessions, and seals what it keeps anew
//! with the next key when an account's alarm rings, and the second copy with its next token. `rotate` and `status` know the edge
//! Worker's; for the other one, `keys new` makes the next version, and worker/README.md says when the old one may go.
//!
//! A key is never shown. It goes from here into wrangler by a pipe, or into a file that only its owner can read.

mod date;
mod local;
mod plan;

use crate::cli::{KeysArgs, KeysCommand, KeysRotateArgs, KeysStatusArgs};
use crate::repo::Repo;
use crate::{config, npm, say, secrets, stack};
use anyhow::{Context as _, Result, bail};
use everlit_core::secret::Secret;
use everlit_edge::keys::session_key_text;
use plan::{Deployment, Plan};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::{Command, ExitCode, Stdio};

/// `cargo xtask keys`
pub(crate) fn run(args: KeysArgs) -> Result<ExitCode> {
    match args.command {
        KeysCommand::Rotate(args) => rotate(&args),
        KeysCommand::Status(args) => status(&args),
        KeysCommand::New { show } => new(show),
    }
}

/// The text of a new key.
fn fresh() -> Result<Secret<String>> {
    Ok(session_key_text(secrets::entropy()?))
}

/// `keys new`: a key for the program at the other end of the pipe.
fn new(show: bool) -> Result<ExitCode> {
    let mut out = io::stdout();
    if out.is_terminal() && !show {
        bail!(
            "a key on a screen is a key in somebody's scrollback: pipe it into `npx wrangler secret put <name>`, or say --show"
        );
    }
    out.write_all(fresh()?.expose().as_bytes()).context("nobody took the key")?;
    Ok(ExitCode::SUCCESS)
}

fn rotate(args: &KeysRotateArgs) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let file = args.file.clone().unwrap_or_else(|| repo.at("wrangler.toml"));
    let vars = file.with_file_name(".dev.vars");
    let versions = if args.local {
        plan::versions_in(&local::names(&vars)?)
    } else if let Some(versions) = known(args.current, args.names.as_deref())? {
        versions
    } else if args.put && !args.dry_run {
        set_now(&repo, args.env.as_deref())?
    } else {
        bail!(
            "which versions are set now? Either\n  npx wrangler secret list | cargo xtask keys rotate --names -\nor --current <version>"
        )
    };
    let idle = config::limits(&stack::read_config(&file)?, args.env.as_deref())?.idle;
    let deployment = if args.local { Deployment::Local } else { Deployment::Cloud { env: args.env.clone() } };
    let plan = Plan::new(&versions, idle, deployment, date::now()?)?;
    let mut done = false;
    if args.dry_run {
        say::note("nothing is changed: this is a rehearsal");
    } else if args.local {
        local::add(&vars, &plan.name, &fresh()?)?;
        done = true;
    } else if args.put {
        let mut command = wrangler(&repo);
        command.args(plan.put_arguments());
        hand_over(command, &fresh()?)?;
        done = true;
    }
    if args.json {
        println!("{}", plan.json(done));
    } else {
        println!("{}", plan.sentences(done));
    }
    Ok(ExitCode::SUCCESS)
}

fn status(args: &KeysStatusArgs) -> Result<ExitCode> {
    let repo = Repo::find()?;
    let file = args.file.clone().unwrap_or_else(|| repo.at("wrangler.toml"));
    let versions = match known(None, args.names.as_deref())? {
        Some(versions) => versions,
        None => plan::versions_in(&local::names(&file.with_file_name(".dev.vars"))?),
    };
    let rotated = args.rotated.as_deref().map(date::parse_day).transpose()?;
    let idle = config::limits(&stack::read_config(&file)?, args.env.as_deref())?.idle;
    let status = plan::Status::new(&versions, idle, rotated, date::now()?);
    if args.json {
        println!("{}", status.json());
    } else {
        println!("{}", status.sentences());
    }
    Ok(ExitCode::SUCCESS)
}

/// The versions that are set, as far as the flags say.
fn known(current: Option<u8>, names: Option<&str>) -> Result<Option<Vec<u8>>> {
    let text = match (current, names) {
        // Which of the others are set is not known; what is printed names this one only.
        (Some(current), _) => return Ok(Some(vec![current])),
        (None, Some("-")) => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).context("cannot read the names from stdin")?;
            text
        }
        (None, Some(names)) => names.to_owned(),
        (None, None) => return Ok(None),
    };
    Ok(Some(plan::versions_in(&plan::names_in(&text)?)))
}

/// The versions that wrangler says are set.
fn set_now(repo: &Repo, env: Option<&str>) -> Result<Vec<u8>> {
    let mut command = wrangler(repo);
    command.args(["secret", "list"]).args(env.into_iter().flat_map(|env| ["--env", env]));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.context("cannot start wrangler")?;
    if !output.status.success() {
        bail!("wrangler does not say which secrets are set ({})", output.status);
    }
    Ok(plan::versions_in(&plan::names_in(&String::from_utf8_lossy(&output.stdout))?))
}

/// Gives a key to a program by its stdin. What the program says goes to stderr: stdout is for results.
fn hand_over(mut command: Command, key: &Secret<String>) -> Result<()> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(io::stderr()).spawn().context("cannot start wrangler")?;
    // The pipe is dropped at the end of the statement, which ends the program's input.
    let written = child.stdin.take().context("wrangler has no input")?.write_all(key.expose().as_bytes());
    let status = child.wait().context("wrangler did not end")?;
    if !status.success() {
        bail!("wrangler failed ({status}), and no key was set");
    }
    written.context("wrangler did not take the key")
}

/// The one of this repository where it is installed, else what npx finds.
fn wrangler(repo: &Repo) -> Command {
    match npm::wrangler(repo) {
        Ok(wrangler) => {
            let mut command = repo.node();
            command.arg(wrangler);
            command
        }
        Err(_) => {
            let mut command = repo.command("npx");
            command.arg("wrangler");
            command
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_key_arrives_whole_and_alone() {
        let path = std::env::temp_dir().join(format!("everlit-xtask-{}-key", std::process::id()));
        let key = fresh().unwrap();
        hand_over(shell(&format!("cat > '{}'", path.display())), &key).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), *key.expose());
        assert_eq!(key.expose().len(), 43);
        assert_ne!(key, fresh().unwrap());
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_failure_is_said_and_shows_no_key() {
        for script in ["cat > /dev/null; exit 1", "exit 1"] {
            let error = hand_over(shell(script), &Secret::new("canary".to_owned())).unwrap_err();
            let shown = format!("{error:#}");
            assert!(shown.contains("no key was set") && !shown.contains("canary"), "{shown}");
        }
    }
}
