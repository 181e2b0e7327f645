//! Children and their ends: whatever a command starts is gone when the command is.
//!
//! Every child gets a process group of its own, so that Ctrl-C reaches us alone and we decide the order of things.
//! Stopping means SIGTERM to the group and to every descendant, a short grace, then SIGKILL: workerd drains on SIGTERM
//! and would keep its port for as long as a request hangs, and chromedriver puts its browser into another group. On
//! Linux we also adopt orphans, so that a grandchild cannot get lost when the process between us ends first.

use crate::say;
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(2500);
/// Between two looks at a child.
const POLL: Duration = Duration::from_millis(40);

/// Group leaders that are running. Spawning holds this lock, so nothing starts once stopping has begun.
static LIVE: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
/// Set by the first signal: from then on the signal thread ends the process and everybody else waits for that.
static STOPPING: AtomicBool = AtomicBool::new(false);

fn live() -> MutexGuard<'static, BTreeSet<u32>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes Ctrl-C, SIGTERM and a closed terminal stop everything; called once, first.
pub(crate) fn guard() -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).context("cannot adopt orphans")?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen to signals")?;
    thread::spawn(move || {
        for signal in &mut signals {
            if STOPPING.swap(true, Ordering::SeqCst) {
                // Asked twice: no more grace.
                stop_groups(&live().clone(), Duration::ZERO);
                std::process::exit(128 + signal);
            }
            thread::spawn(move || {
                eprintln!();
                say::step("stopping everything that was started");
                stop_groups(&live().clone(), GRACE);
                stop_descendants();
                std::process::exit(128 + signal);
            });
        }
    });
    Ok(())
}

/// Ends whatever is still running; the last thing that a command does.
pub(crate) fn stop_all() {
    wait_if_stopping();
    stop_groups(&live().clone(), GRACE);
    stop_descendants();
}

/// Once a signal has come, only its thread may go on.
fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Where a child's stdout and stderr go.
pub(crate) enum Output {
    /// Both into the log.
    Log,
    /// stdout into a file of its own, for reading results; stderr into the log.
    Split(PathBuf),
    /// stdout into a file of its own; stderr to the person at the terminal.
    Show(PathBuf),
}

/// A child process with its group. Dropping it stops the whole group.
pub(crate) struct Running {
    name: String,
    child: Child,
    log: PathBuf,
    stdout: Option<PathBuf>,
}

/// Starts a child in a group of its own; `log` is truncated first.
pub(crate) fn spawn(name: &str, mut command: Command, log: &Path, output: Output) -> Result<Running> {
    let open = |path: &Path| -> Result<File> {
        fs::write(path, b"").with_context(|| format!("cannot write {}", path.display()))?;
        OpenOptions::new().append(true).open(path).with_context(|| format!("cannot open {}", path.display()))
    };
    let errors = open(log)?;
    let stdout = match output {
        Output::Log => {
            command.stdout(errors.try_clone()?).stderr(errors);
            None
        }
        Output::Split(path) => {
            command.stdout(open(&path)?).stderr(errors);
            Some(path)
        }
        Output::Show(path) => {
            command.stdout(open(&path)?).stderr(Stdio::inherit());
            Some(path)
        }
    };
    let child = launch(name, command)?;
    Ok(Running { name: name.to_owned(), child, log: log.to_path_buf(), stdout })
}

/// Runs a child to its end with our own stdout and stderr.
pub(crate) fn attach(name: &str, command: Command) -> Result<ExitStatus> {
    let mut running =
        Running { name: name.to_owned(), child: launch(name, command)?, log: PathBuf::new(), stdout: None };
    loop {
        if let Some(status) = running.ended()? {
            return Ok(status);
        }
        thread::sleep(POLL);
    }
}

fn launch(name: &str, mut command: Command) -> Result<Child> {
    use std::os::unix::process::CommandExt as _;
    // The pipe stays open for as long as the child is ours: some children end when it closes, which covers even our own
    // SIGKILL.
    command.stdin(Stdio::piped()).process_group(0);
    wait_if_stopping();
    let mut live = live();
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {name} ({})", command.get_program().to_string_lossy()))?;
    live.insert(child.id());
    Ok(child)
}

impl Running {
    /// What it has printed so far, stdout apart if it was asked for.
    pub(crate) fn printed(&self) -> String {
        let path = self.stdout.as_ref().unwrap_or(&self.log);
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The end of its log and where the rest is.
    pub(crate) fn tail(&self) -> String {
        let text =
            fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        format!("{}\n    (all of it: {})", say::tail(&text, 25), self.log.display())
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        wait_if_stopping();
        let status = self.child.try_wait().with_context(|| format!("cannot wait for {}", self.name))?;
        if status.is_some() {
            self.forget();
        }
        Ok(status)
    }

    /// Waits for its end; past `timeout` it is stopped and `None` is returned.
    pub(crate) fn wait(&mut self, timeout: Duration, mut beat: impl FnMut()) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            if Instant::now() > deadline {
                self.stop();
                return Ok(None);
            }
            beat();
            thread::sleep(POLL);
        }
    }

    /// Waits until `ready` gives something. Fails when the child ends first or the time is over, showing why.
    pub(crate) fn until<T>(
        &mut self,
        timeout: Duration,
        mut ready: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T> {
        let mut heart = say::Heartbeat::new(format!("waiting for {}", self.name));
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(value) = ready(self) {
                return Ok(value);
            }
            if let Some(status) = self.ended()? {
                bail!("{} ended before it was ready ({status}):\n{}", self.name, self.tail());
            }
            if Instant::now() > deadline {
                bail!("{} was not ready after {}:\n{}", self.name, say::elapsed(timeout), self.tail());
            }
            heart.beat();
            thread::sleep(POLL);
        }
    }

    /// Stops it and everything that it started.
    pub(crate) fn stop(&mut self) {
        if live().contains(&self.child.id()) {
            stop_groups(&BTreeSet::from([self.child.id()]), GRACE);
            self.forget();
        }
        // Reaps it; after SIGKILL this does not block.
        if let Err(error) = self.child.wait() {
            say::note(&format!("cannot reap {}: {error}", self.name));
        }
    }

    /// The leader has ended: what is left of its group goes too.
    fn forget(&self) {
        if live().remove(&self.child.id()) {
            signal_group(self.child.id(), Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        wait_if_stopping();
        self.stop();
    }
}

/// One row of the process table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    pid: u32,
    parent: u32,
    group: u32,
}

/// Every process that is not a zombie.
fn table() -> Vec<Row> {
    if cfg!(target_os = "linux") {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        entries
            .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok())
            .filter_map(|stat| parse_stat(&stat))
            .collect()
    } else {
        let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid=,pgid=,stat="]).output();
        let Ok(listing) = listing else { return Vec::new() };
        String::from_utf8_lossy(&listing.stdout).lines().filter_map(parse_ps).collect()
    }
}

/// `/proc/<pid>/stat`; the name in brackets may hold anything, so the rest is read after the last bracket.
fn parse_stat(stat: &str) -> Option<Row> {
    let (pid, rest) = stat.split_once(' ')?;
    let (_, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let row = Row {
        pid: pid.parse().ok()?,
        parent: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
    };
    (state != "Z" && state != "X").then_some(row)
}

/// A line of `ps -o pid=,ppid=,pgid=,stat=`.
fn parse_ps(line: &str) -> Option<Row> {
    let mut fields = line.split_whitespace();
    let mut number = || fields.next()?.parse().ok();
    let row = Row { pid: number()?, parent: number()?, group: number()? };
    (!fields.next()?.starts_with('Z')).then_some(row)
}

/// The processes of `groups`, and all their descendants in whatever group.
fn family(table: &[Row], groups: &BTreeSet<u32>) -> BTreeSet<u32> {
    let own = |row: &&Row| groups.contains(&row.group) || groups.contains(&row.pid);
    let mut found: BTreeSet<u32> = table.iter().filter(own).map(|row| row.pid).collect();
    loop {
        let before = found.len();
        found.extend(
            table.iter().filter(|row| found.contains(&row.parent)).map(|row| row.pid).collect::<Vec<_>>(),
        );
        if found.len() == before {
            return found;
        }
    }
}

fn stop_groups(groups: &BTreeSet<u32>, grace: Duration) {
    if groups.is_empty() {
        return;
    }
    let mut all = family(&table(), groups);
    signal_each(&all, Signal::TERM);
    let deadline = Instant::now() + grace;
    while Instant::now() < deadline {
        let now = table();
        // Whoever was born in between, or lost its parent, is still one of ours.
        all.extend(family(&now, groups));
        all.retain(|pid| now.iter().any(|row| row.pid == *pid));
        if all.is_empty() {
            return;
        }
        thread::sleep(POLL);
    }
    all.extend(family(&table(), groups));
    signal_each(&all, Signal::KILL);
}

/// Adopted orphans and anything else below us.
fn stop_descendants() {
    let below = |table: &[Row]| {
        let me = BTreeSet::from([std::process::id()]);
        let table: Vec<Row> = table.iter().map(|row| Row { group: 0, ..*row }).collect();
        let mut all = family(&table, &me);
        all.remove(&std::process::id());
        all
    };
    for _ in 0..3 {
        let all = below(&table());
        if all.is_empty() {
            return;
        }
        signal_each(&all, Signal::KILL);
        thread::sleep(POLL);
    }
}

fn signal_each(pids: &BTreeSet<u32>, signal: Signal) {
    for pid in pids.iter().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?)) {
        // It may be gone by now, which is what we want.
        kill_process(pid, signal).ok();
    }
}

fn signal_group(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // As above.
        kill_process_group(pid, signal).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pid: u32, parent: u32, group: u32) -> Row {
        Row { pid, parent, group }
    }

    #[test]
    fn stat_is_read_past_a_hostile_name() {
        assert_eq!(parse_stat("7 (a) S 9 (b)) S 3 5 0 0"), Some(row(7, 3, 5)));
        assert_eq!(parse_stat("7 (gone) Z 3 5 0 0"), None);
        assert_eq!(parse_stat("rubbish"), None);
    }

    #[test]
    fn ps_lines_are_read() {
        assert_eq!(parse_ps("  7   3   5 Ss+"), Some(row(7, 3, 5)));
        assert_eq!(parse_ps("  7   3   5 Z"), None);
    }

    #[test]
    fn a_family_reaches_across_groups() {
        let table =
            [row(1, 0, 1), row(10, 1, 10), row(11, 10, 10), row(12, 11, 12), row(13, 12, 12), row(20, 1, 20)];
        assert_eq!(family(&table, &BTreeSet::from([10])), BTreeSet::from([10, 11, 12, 13]));
    }

    /// A shell with a child that ignores SIGTERM and one in another group: all must be gone.
    #[test]
    fn stopping_ends_the_stubborn_and_the_strays() {
        let folder = std::env::temp_dir().join(format!("everlit-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new("bash");
        command.args(["-c", "(trap '' TERM; sleep 300) & set -m; sleep 300 & echo up; wait"]);
        let log = folder.join("stubborn.log");
        let mut child = spawn("stubborn", command, &log, Output::Log).unwrap();
        child.until(Duration::from_secs(10), |child| child.printed().contains("up").then_some(())).unwrap();
        let groups = BTreeSet::from([child.child.id()]);
        let family_before = family(&table(), &groups);
        assert!(family_before.len() >= 3, "{family_before:?}");
        child.stop();
        let deadline = Instant::now() + Duration::from_secs(5);
        let alive = || table().iter().any(|row| family_before.contains(&row.pid));
        while alive() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        assert!(!alive(), "something survived");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_timeout_ends_the_child() {
        let log = std::env::temp_dir().join(format!("everlit-xtask-{}-slow.log", std::process::id()));
        let mut command = Command::new("sleep");
        command.arg("300");
        let mut child = spawn("slow", command, &log, Output::Log).unwrap();
        assert!(child.wait(Duration::from_millis(100), || ()).unwrap().is_none());
        fs::remove_file(log).unwrap();
    }
}
