//! What a rotation does and when it is over, in sentences and as JSON. Nothing here touches a key.

use super::date;
use anyhow::{Context as _, Result, bail};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::keys::{secret_name, version_of};
use serde_json::{Value, json};

/// Within so long every session's alarm has rung and its storage was wrapped by the newest key: a week, and a day for alarms
/// that come late.
const REWRAPPED: Millis = Millis::from_days(8);
/// How long a key is in use before it is time for the next.
const LIFE: Millis = Millis::from_days(30);

/// The versions among the names of secrets, in order.
pub(super) fn versions_in(names: &[String]) -> Vec<u8> {
    let mut versions: Vec<u8> = names.iter().filter_map(|name| version_of(name)).collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

/// The names in what `wrangler secret list` prints, or in a list with commas, spaces or lines between.
pub(super) fn names_in(text: &str) -> Result<Vec<String>> {
    // wrangler may say something before the list.
    if let Some(list) = text.find('[').and_then(|at| text.get(at..)) {
        let list = list.rfind(']').and_then(|end| list.get(..=end)).unwrap_or(list);
        let list: Vec<Value> =
            serde_json::from_str(list).context("this is not what `wrangler secret list` prints")?;
        let name = |one: &Value| one.get("name").unwrap_or(one).as_str().map(str::to_owned);
        return Ok(list.iter().filter_map(name).collect());
    }
    let names = text.split([',', ' ', '\n', '\r', '\t']).filter(|name| !name.is_empty());
    let names: Vec<String> = names.map(str::to_owned).collect();
    if !names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        // It is not shown: a value may have been pasted.
        bail!("these are not the names of secrets");
    }
    Ok(names)
}

/// After how long nothing is left that only an older key opens: a browser that has not been here for the idle limit is logged
/// out anyway, and its cookie may die with the key.
fn wait(idle: Millis) -> Millis {
    idle.max(REWRAPPED)
}

/// Where the key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deployment {
    /// `.dev.vars`.
    Local,
    /// The deployed Worker, or an environment of it.
    Cloud { env: Option<String> },
}

/// One rotation.
#[derive(Debug)]
pub(super) struct Plan {
    /// The name of the secret that is made.
    pub(super) name: String,
    version: u8,
    older: Vec<String>,
    deployment: Deployment,
    remove_after: Timestamp,
    rotate_again: Timestamp,
}

impl Plan {
    /// The rotation that follows these versions.
    pub(super) fn new(versions: &[u8], idle: Millis, deployment: Deployment, now: Timestamp) -> Result<Self> {
        let Some(version) = versions.last().copied().unwrap_or_default().checked_add(1) else {
            bail!("version 255 is the last that there is");
        };
        Ok(Self {
            name: secret_name(version).context("no version")?,
            version,
            older: versions.iter().filter_map(|version| secret_name(*version)).collect(),
            deployment,
            remove_after: now.after(wait(idle)),
            rotate_again: now.after(LIFE),
        })
    }

    fn environment(&self) -> Vec<String> {
        match &self.deployment {
            Deployment::Cloud { env: Some(env) } => vec!["--env".to_owned(), env.clone()],
            Deployment::Cloud { env: None } | Deployment::Local => Vec::new(),
        }
    }

    /// What wrangler is given to set the key, which comes by its stdin.
    pub(super) fn put_arguments(&self) -> Vec<String> {
        let put = ["secret", "put", &self.name].map(str::to_owned);
        put.into_iter().chain(self.environment()).collect()
    }

    fn put_command(&self) -> Option<String> {
        let set = format!("cargo xtask keys new | npx wrangler {}", self.put_arguments().join(" "));
        (self.deployment != Deployment::Local).then_some(set)
    }

    fn remove_commands(&self) -> Vec<String> {
        let environment = self.environment().into_iter().map(|word| format!(" {word}")).collect::<String>();
        let remove = |name: &String| match self.deployment {
            Deployment::Local => format!("remove the line {name}=... from .dev.vars"),
            Deployment::Cloud { .. } => format!("npx wrangler secret delete {name}{environment}"),
        };
        self.older.iter().map(remove).collect()
    }

    /// For scripts.
    pub(super) fn json(&self, done: bool) -> Value {
        json!({
            "ok": true,
            "set": done,
            "version": self.version,
            "name": self.name,
            "older": self.older,
            "put": self.put_command(),
            "remove": self.remove_commands(),
            "remove_after": date::iso(self.remove_after),
            "rotate_again": date::iso(self.rotate_again),
        })
    }

    /// For people.
    pub(super) fn sentences(&self, done: bool) -> String {
        let mut lines = Vec::new();
        match (done, self.put_command()) {
            (true, _) => lines.push(format!("{} is set, and makes everything new from now on.", self.name)),
            (false, Some(command)) => {
                lines.push("Set the new key; it goes through the pipe and is shown nowhere:".to_owned());
                lines.push(format!("  {command}"));
            }
            (false, None) => lines.push(format!("{} would be added to .dev.vars.", self.name)),
        }
        if self.older.is_empty() {
            lines.push("It is the first one: there is nothing to take over from.".to_owned());
        } else {
            lines.push(String::new());
            lines.push(
                "Nobody is logged out. While the change reaches all machines, some answers may be \"try again\" for a few \
                 seconds; tabs wait that out by themselves."
                    .to_owned(),
            );
            lines.push(format!(
                "Keep what is older until {}: by then every session that still lives has moved to the new key. Then",
                date::plain(self.remove_after)
            ));
            lines.extend(self.remove_commands().into_iter().map(|command| format!("  {command}")));
            lines.push(
                "which makes all that was deleted before unreadable for good. Earlier it would log out whoever has not been \
                 here since."
                    .to_owned(),
            );
        }
        lines.push(format!("The next rotation is due on {}.", date::day(self.rotate_again)));
        lines.join("\n")
    }
}

/// Where the keys of a deployment stand.
#[derive(Debug)]
pub(super) struct Status {
    versions: Vec<u8>,
    rotated: Option<Timestamp>,
    wait: Millis,
    now: Timestamp,
}

impl Status {
    /// The state of these versions, the newest of which was set at `rotated`.
    pub(super) fn new(versions: &[u8], idle: Millis, rotated: Option<Timestamp>, now: Timestamp) -> Self {
        Self { versions: versions.to_vec(), rotated, wait: wait(idle), now }
    }

    fn names(&self) -> (Option<String>, Vec<String>) {
        let mut names: Vec<String> =
            self.versions.iter().filter_map(|version| secret_name(*version)).collect();
        (names.pop(), names)
    }

    fn removable_at(&self) -> Option<Timestamp> {
        self.rotated.map(|rotated| rotated.after(self.wait))
    }

    /// For scripts.
    pub(super) fn json(&self) -> Value {
        let (current, older) = self.names();
        let removable = self.removable_at().map(|at| at <= self.now && !older.is_empty());
        json!({
            "ok": current.is_some(),
            "current": current,
            "older": older,
            "days_to_keep_older": self.wait.as_millis().div_ceil(86_400_000),
            "remove_after": self.removable_at().map(date::iso),
            "removable": removable,
            "rotate_again": self.rotated.map(|rotated| date::iso(rotated.after(LIFE))),
        })
    }

    /// For people.
    pub(super) fn sentences(&self) -> String {
        let (current, older) = self.names();
        let days = self.wait.as_millis().div_ceil(86_400_000);
        let Some(current) = current else {
            return "No session key is set. The first one: cargo xtask keys rotate".to_owned();
        };
        let mut lines = vec![format!("{current} makes everything new.")];
        if older.is_empty() {
            lines.push("There is no older one.".to_owned());
        } else {
            let older = older.join(", ");
            lines.push(match self.removable_at() {
                Some(at) if at <= self.now => format!("{older} may be removed since {}.", date::plain(at)),
                Some(at) => format!("{older} must be kept until {}.", date::plain(at)),
                None => format!(
                    "{older} must be kept for {days} days after {current} was set: say when with --rotated."
                ),
            });
        }
        if let Some(rotated) = self.rotated {
            let again = rotated.after(LIFE);
            let due = if again <= self.now { "has been due since" } else { "is due on" };
            lines.push(format!("The next rotation {due} {}.", date::day(again)));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-21, two o'clock.
    const NOW: Timestamp = Timestamp::from_millis(1_795_226_400_000);

    fn cloud(env: Option<&str>) -> Deployment {
        Deployment::Cloud { env: env.map(str::to_owned) }
    }

    fn plan(versions: &[u8], idle: u64) -> Plan {
        Plan::new(versions, Millis::from_days(idle), cloud(None), NOW).unwrap()
    }

    #[test]
    fn the_next_version_follows_the_highest() {
        for (versions, name) in [
            (&[][..], "SECRET_SESSION_KEY"),
            (&[1], "SECRET_SESSION_KEY_2"),
            (&[7], "SECRET_SESSION_KEY_8"),
            (&[1, 2, 254], "SECRET_SESSION_KEY_255"),
        ] {
            assert_eq!(plan(versions, 14).name, name);
        }
        assert!(Plan::new(&[255], Millis::from_days(14), cloud(None), NOW).is_err());
    }

    #[test]
    fn what_is_older_stays_for_the_idle_limit_and_for_eight_days_at_least() {
        let json = |idle| plan(&[1], idle).json(false);
        assert_eq!(json(14)["remove_after"], "2026-12-05T02:00:00Z");
        assert_eq!(json(1)["remove_after"], "2026-11-29T02:00:00Z");
        assert_eq!(json(60)["remove_after"], "2027-01-20T02:00:00Z");
        assert_eq!(json(14)["rotate_again"], "2026-12-21T02:00:00Z");
    }

    #[test]
    fn the_commands_are_those_of_the_environment() {
        let plan = Plan::new(&[1, 2], Millis::from_days(14), cloud(Some("staging")), NOW).unwrap();
        let json = plan.json(false);
        assert_eq!(
            json["put"],
            "cargo xtask keys new | npx wrangler secret put SECRET_SESSION_KEY_3 --env staging"
        );
        assert_eq!(
            json["remove"],
            json!([
                "npx wrangler secret delete SECRET_SESSION_KEY --env staging",
                "npx wrangler secret delete SECRET_SESSION_KEY_2 --env staging"
            ])
        );
        let said = plan.sentences(false);
        for part in [json["put"].as_str().unwrap(), "2026-12-05 02:00 UTC", "due on 2026-12-21"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(!said.lines().any(|line| line.contains("  cargo") && !line.starts_with("  cargo")), "{said}");
    }

    #[test]
    fn names_are_found_in_what_wrangler_prints() {
        let list = "Fetching\n[\n  {\"name\":\"SECRET_SESSION_KEY_2\",\"type\":\"secret_text\"},\n {\"name\":\"SECRET_SESSION_KEY\",\"type\":\"secret_text\"},{\"name\":\"OTHER\"}]\n";
        assert_eq!(versions_in(&names_in(list).unwrap()), [1, 2]);
        assert_eq!(versions_in(&names_in("SECRET_SESSION_KEY, SECRET_SESSION_KEY_12\n").unwrap()), [1, 12]);
        assert_eq!(versions_in(&names_in("SECRET_SESSION_KEY_01 X").unwrap()), [0; 0]);
        assert_eq!(names_in("[]").unwrap(), [""; 0]);
        assert!(names_in("[nonsense]").is_err());
        let pasted = names_in("SECRET_SESSION_KEY=canary").unwrap_err();
        assert!(!format!("{pasted:#}").contains("canary"));
    }

    #[test]
    fn status_says_when_the_old_one_may_go() {
        let status = |rotated: &str| {
            let rotated = date::parse_day(rotated).unwrap();
            Status::new(&[1, 2], Millis::from_days(14), Some(rotated), NOW)
        };
        let (early, late) = (status("2026-11-10"), status("2026-10-01"));
        assert_eq!((&early.json()["removable"], &late.json()["removable"]), (&json!(false), &json!(true)));
        assert_eq!(early.json()["remove_after"], "2026-11-24T23:59:59Z");
        assert!(early.sentences().contains("SECRET_SESSION_KEY must be kept until 2026-11-24"));
        assert!(late.sentences().contains("may be removed since 2026-10-15"), "{}", late.sentences());
        assert!(late.sentences().contains("has been due since 2026-10-31"), "{}", late.sentences());
        let unknown = Status::new(&[1, 2], Millis::from_days(1), None, NOW);
        assert!(unknown.sentences().contains("kept for 8 days after SECRET_SESSION_KEY_2"));
        assert_eq!(Status::new(&[], Millis::from_days(1), None, NOW).json()["ok"], false);
    }
}
