//! What is measured: started by a script of `tests/bench`, which says where it is in one line of JSON.

use super::load::{self, Ask};
use crate::process::{self, Output, Running};
use crate::repo::Repo;
use crate::run;
use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;
use std::fs;
use std::time::Duration;

/// Logins of real sessions are the slowest part.
const READY: Duration = Duration::from_secs(180);

/// A script that has started everything. Dropping it stops it all.
pub(super) struct Stand<T> {
    /// What it said.
    pub(super) ready: T,
    _running: Running,
}

/// What can be read out of the line.
pub(super) trait Ready: Sized {
    /// Reads it.
    fn read(said: &Json) -> Option<Self>;
}

impl<T: Ready> Stand<T> {
    /// Starts a script and waits until it is ready.
    pub(super) fn start(repo: &Repo, script: &str) -> Result<Self> {
        let mut command = repo.node();
        command.arg(repo.at("tests/bench").join(script));
        let log = repo.log(&format!("bench-{script}"))?;
        let ready = repo.log(&format!("bench-{script}-ready"))?;
        let mut running = process::spawn(script, command, &log, Output::Split(ready))?;
        let line = running
            .until(READY, |running| running.printed().split_once('\n').map(|(line, _)| line.to_owned()))?;
        let said: Json = serde_json::from_str(&line).with_context(|| format!("{script} said no JSON"))?;
        let ready = T::read(&said).with_context(|| format!("{script} left something out: {line}"))?;
        Ok(Self { ready, _running: running })
    }
}

/// A process, and what to ask it.
pub(super) struct Target {
    port: u16,
    pid: u32,
    requests: Vec<String>,
    status: u16,
}

impl Ready for Target {
    fn read(said: &Json) -> Option<Self> {
        let requests = said.get("requests")?.as_array()?;
        Some(Self {
            port: said.get("port")?.as_u64()?.try_into().ok()?,
            pid: said.get("pid")?.as_u64()?.try_into().ok()?,
            // Where nothing is said, it must be answered well.
            status: said.get("status").map_or(Some(200), |status| status.as_u64()?.try_into().ok())?,
            requests: requests.iter().map(|text| Some(text.as_str()?.to_owned())).collect::<Option<_>>()?,
        })
    }
}

impl Target {
    /// What to ask, for each session.
    pub(super) fn asks(&self) -> Vec<Ask> {
        let ask =
            |text: &String| Ask { port: self.port, bytes: text.clone().into_bytes(), status: self.status };
        self.requests.iter().map(ask).collect()
    }

    /// How long its threads have run; known on Linux only.
    pub(super) fn processor_time(&self) -> Option<Duration> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).ok()?;
        let nanos = threads.filter_map(|thread| {
            let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(nanos.sum()))
    }
}

/// Both sides of one path.
pub(super) struct Pair {
    /// Ours.
    pub(super) rust: Target,
    /// The other.
    pub(super) javascript: Target,
}

impl Ready for Pair {
    fn read(said: &Json) -> Option<Self> {
        let side = |name: &str| Target::read(said.get(name)?);
        Some(Self { rust: side("rust")?, javascript: side("javascript")? })
    }
}

/// What `speed.mjs` starts.
pub(super) struct Speed {
    /// A question for a token that is fresh.
    pub(super) token: Pair,
    /// A call through the proxy.
    pub(super) proxied: Pair,
    /// Workers that do nothing.
    pub(super) nothing: Pair,
}

impl Ready for Speed {
    fn read(said: &Json) -> Option<Self> {
        let pair = |name: &str| Pair::read(said.get(name)?);
        Some(Self { token: pair("token")?, proxied: pair("proxied")?, nothing: pair("nothing")? })
    }
}

/// What `services.mjs` starts: what programs ask of the operator's own accounts.
pub(super) struct Services {
    /// Where there is a token.
    pub(super) token: Target,
    /// Where there is none, which is said so.
    pub(super) none: Target,
}

impl Ready for Services {
    fn read(said: &Json) -> Option<Self> {
        let target = |name: &str| Target::read(said.get(name)?);
        Some(Self { token: target("token")?, none: target("none")? })
    }
}

/// What `expiry.mjs` starts.
pub(super) struct Expiry {
    /// A session whose token is dead.
    pub(super) callers: Target,
    control: u16,
}

impl Ready for Expiry {
    fn read(said: &Json) -> Option<Self> {
        let control =
            said.get("control")?.as_str()?.rsplit(':').next()?.trim_end_matches('/').parse().ok()?;
        Some(Self { callers: Target::read(said.get("callers")?)?, control })
    }
}

impl Expiry {
    /// The refresh grants that the authorization server has seen.
    pub(super) fn refresh_grants(&self) -> Result<u64> {
        let body = load::body(&Ask::get(self.control, "/counters"))?;
        let said: Json = serde_json::from_slice(&body).context("the counters are no JSON")?;
        said.get("refresh_grants").and_then(Json::as_u64).context("refresh grants are not counted")
    }
}

/// Resident memory in bytes that 1,000 live session objects take.
pub(super) struct Memory {
    /// In our Worker.
    pub(super) rust: u64,
    /// In the one in JavaScript.
    pub(super) javascript: u64,
}

impl Memory {
    /// Measures it.
    pub(super) fn measure(repo: &Repo) -> Result<Self> {
        let said = last_line(repo, "memory")?;
        let (Some(rust), Some(javascript)) = (grown(&said, "rust"), grown(&said, "javascript")) else {
            bail!("the memory was not measured: {said}");
        };
        Ok(Self { rust, javascript })
    }
}

/// Milliseconds from the start of a process to the first answer of its Worker, of each round.
pub(super) struct Start {
    /// Ours.
    pub(super) rust: Vec<f64>,
    /// The one in JavaScript.
    pub(super) javascript: Vec<f64>,
    /// One in JavaScript that does nothing: the runtime's own share.
    pub(super) nothing: Vec<f64>,
}

impl Start {
    /// Measures it.
    pub(super) fn measure(repo: &Repo) -> Result<Self> {
        let said = last_line(repo, "start")?;
        Self::read(&said).with_context(|| format!("the start was not measured: {said}"))
    }

    fn read(said: &Json) -> Option<Self> {
        let side = |name: &str| -> Option<Vec<f64>> {
            said.get(name)?.as_array()?.iter().map(Json::as_f64).collect()
        };
        Some(Self { rust: side("rust")?, javascript: side("javascript")?, nothing: side("nothing")? })
    }
}

/// What a script says that measures by itself: its last line, one of JSON.
pub(super) fn last_line(repo: &Repo, script: &str) -> Result<Json> {
    let mut command = repo.node();
    command.arg(repo.at("tests/bench").join(script).with_extension("mjs"));
    command.env("EVERLIT_WORKER_BUILD", repo.at("worker/build"));
    let output = run::must(repo, &format!("bench-{}", script.replace('/', "-")), command, 15)?;
    let line = output.lines().rfind(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_default()).context("no line of JSON")
}

fn grown(said: &Json, side: &str) -> Option<u64> {
    let number = |name: &str| said.get(side)?.get(name)?.as_u64();
    let grown = number("after")?.saturating_sub(number("before")?);
    Some(grown.saturating_mul(1_000) / number("sessions")?.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_script_says_is_read() {
        let target = json!({ "port": 8, "pid": 9, "requests": ["GET / HTTP/1.1\r\n\r\n"] });
        let said = json!({ "callers": target, "control": "http://127.0.0.1:4711" });
        let expiry = Expiry::read(&said).unwrap();
        assert_eq!((expiry.control, expiry.callers.asks()[0].port), (4711, 8));
        let pair = json!({ "rust": target, "javascript": target });
        assert!(Speed::read(&json!({ "token": pair, "proxied": pair, "nothing": pair })).is_some());
        assert!(Speed::read(&json!({ "token": pair, "proxied": pair })).is_none());
        let none = json!({ "port": 8, "pid": 9, "requests": ["POST / HTTP/1.1\r\n\r\n"], "status": 503 });
        let services = Services::read(&json!({ "token": target, "none": none })).unwrap();
        assert_eq!((services.token.asks()[0].status, services.none.asks()[0].status), (200, 503));
        assert!(Services::read(&json!({ "token": target, "none": { "status": "x" } })).is_none());
    }

    #[test]
    fn a_start_has_all_its_sides() {
        let said = json!({ "rust": [2.5, 3], "javascript": [1], "nothing": [] });
        assert_eq!(Start::read(&said).map(|start| start.rust), Some(vec![2.5, 3.0]));
        assert!(Start::read(&json!({ "rust": [1], "javascript": [1] })).is_none());
        assert!(Start::read(&json!({ "rust": ["1"], "javascript": [1], "nothing": [1] })).is_none());
    }

    #[test]
    fn memory_is_for_a_thousand_objects() {
        let said = json!({ "rust": { "before": 100, "after": 300, "sessions": 500 } });
        assert_eq!(grown(&said, "rust"), Some(400));
        assert_eq!(grown(&said, "javascript"), None);
    }
}
