//! `cargo xtask bench client`: what a page's session costs, in Chromium, beside what other libraries cost there.

use super::figures::median;
use super::stand::last_line;
use super::told;
use crate::browsers::{self, Engine};
use crate::repo::Repo;
use crate::{build, say};
use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Ours over theirs: not slower.
const RATIO: f64 = 1.0;
/// Microseconds that `session.fetch` may cost by itself; less than that.
const FETCH_US: f64 = 20.0;

/// Measures, and says what came of it.
pub(super) fn run(json: bool) -> Result<ExitCode> {
    let repo = Repo::find()?;
    browsers::ensure(&repo, &[Engine::Chromium]);
    if let Some(lacking) = Engine::Chromium.lacking() {
        bail!("{lacking}");
    }
    build::worker(&repo)?;
    build::web(&repo)?;
    say::step("21 rounds, in which all take turns (three to four minutes)");
    let said = last_line(&repo, "client/measure")?;
    let figures = Figures::read(&said).with_context(|| format!("something was not measured: {said}"))?;
    Ok(told(json, &figures.table(), &figures.json(), &figures.missed()))
}

/// Medians of what the rounds saw, in milliseconds where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    start: f64,
    start_auth0: f64,
    start_oidc: f64,
    load: f64,
    load_pair: f64,
    /// The first call, right after the start.
    first_call: f64,
    /// The one after it.
    second_call: f64,
    fetch_overhead_us: f64,
    /// The most that any round saw.
    requests_at_start: u64,
    /// The most files that any round loaded for its session.
    files_at_start: u64,
}

impl Figures {
    fn read(said: &Json) -> Option<Self> {
        let rounds = |path: &str| -> Option<Vec<f64>> {
            let found = said.pointer(path)?.as_array()?;
            let numbers: Vec<f64> = found.iter().map(Json::as_f64).collect::<Option<_>>()?;
            (!numbers.is_empty()).then_some(numbers)
        };
        let of = |path: &str| rounds(path).map(median);
        let most = |name: &str| -> Option<u64> {
            let rounds = said.get(name)?.as_array()?;
            rounds.iter().map(Json::as_u64).collect::<Option<Vec<_>>>()?.into_iter().max()
        };
        Some(Self {
            start: of("/start/everlit")?,
            start_auth0: of("/start/auth0")?,
            start_oidc: of("/start/oidc")?,
            load: of("/load/everlit")?,
            load_pair: of("/load/pair")?,
            first_call: of("/call/first")?,
            second_call: of("/call/second")?,
            fetch_overhead_us: of("/fetch_overhead_us")?,
            requests_at_start: most("requests_at_start")?,
            files_at_start: most("files_at_start")?,
        })
    }

    fn start_auth0_ratio(self) -> f64 {
        self.start / self.start_auth0
    }

    fn start_oidc_ratio(self) -> f64 {
        self.start / self.start_oidc
    }

    fn load_pair_ratio(self) -> f64 {
        self.load / self.load_pair
    }

    /// Every limit that was missed, in words. Written so that what is not a number misses its limit.
    fn missed(self) -> Vec<String> {
        let ratios = [
            ("start_auth0_ratio", self.start_auth0_ratio()),
            ("start_oidc_ratio", self.start_oidc_ratio()),
            ("load_pair_ratio", self.load_pair_ratio()),
        ];
        let over = ratios
            .into_iter()
            .filter(|(_, ratio)| !matches!(ratio.partial_cmp(&RATIO), Some(order) if order.is_le()));
        let mut missed: Vec<String> = over
            .map(|(name, ratio)| format!("{name} is {ratio:.2}, at most {RATIO:.2} is allowed"))
            .collect();
        let cost = self.fetch_overhead_us;
        if !matches!(cost.partial_cmp(&FETCH_US), Some(order) if order.is_lt()) {
            missed.push(format!("fetch_overhead_us is {cost:.1}, less than {FETCH_US:.0} is asked for"));
        }
        if self.requests_at_start != 1 {
            missed.push(format!(
                "the Worker was asked {} times at a start, instead of once",
                self.requests_at_start
            ));
        }
        if self.files_at_start != 1 {
            missed.push(format!("{} files were loaded for a session, instead of one", self.files_at_start));
        }
        missed
    }

    /// The promised line.
    fn json(self) -> String {
        format!(
            r#"{{"start_ms":{:.1},"start_auth0_ratio":{:.3},"start_oidc_ratio":{:.3},"load_pair_ratio":{:.3},"fetch_overhead_us":{:.1},"requests_at_start":{}}}"#,
            self.start,
            self.start_auth0_ratio(),
            self.start_oidc_ratio(),
            self.load_pair_ratio(),
            self.fetch_overhead_us,
            self.requests_at_start
        )
    }

    /// The same for people.
    fn table(self) -> String {
        let mut text = String::new();
        let mut line = |what: String| writeln!(text, "{what}").unwrap_or_default();
        let Self { start, start_auth0, start_oidc, load, load_pair, .. } = self;
        line(format!("{:<72}{:>9}{:>8}{:>8}", "medians, cold caches, local server", "", "ratio", "limit"));
        line("from the script to a session that is active".to_owned());
        line(format!("  {:<70}{start:>6.1} ms", "everlit, openSession"));
        for (name, theirs, ratio) in [
            ("auth0-spa-js, checkSession", start_auth0, self.start_auth0_ratio()),
            ("oidc-client-ts, signinSilent", start_oidc, self.start_oidc_ratio()),
        ] {
            line(format!("  {name:<70}{theirs:>6.1} ms{ratio:>8.2}{RATIO:>8.2}"));
        }
        line("load and instantiation, no request".to_owned());
        line(format!("  {:<70}{load:>6.1} ms", "everlit"));
        let ratio = self.load_pair_ratio();
        line(format!(
            "  {:<70}{load_pair:>6.1} ms{ratio:>8.2}{RATIO:>8.2}",
            "oidc-client-ts and @tanstack/query-core"
        ));
        line(format!(
            "{:<72}{:>6.1} us{:>16.0}",
            "session.fetch by itself, over a stub of fetch", self.fetch_overhead_us, FETCH_US
        ));
        line(format!("{:<72}{:>6}{:>19}", "requests to the Worker at a start", self.requests_at_start, 1));
        let Self { first_call, second_call, .. } = self;
        line(format!(
            "a call right after the start: {first_call:.1} ms, the next one {second_call:.1} ms (the first may wait for calls.js)"
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said() -> Json {
        json!({
            "start": { "everlit": [30, 10, 20.5], "auth0": [40, 41, 42], "oidc": [20.5, 1, 99] },
            "load": { "everlit": [9], "pair": [10] },
            "call": { "first": [6], "second": [4] },
            "fetch_overhead_us": [19.9, 1, 300],
            "requests_at_start": [1, 1, 1],
            "files_at_start": [1, 1, 1],
        })
    }

    fn missed(change: impl FnOnce(&mut Json)) -> Vec<String> {
        let mut said = said();
        change(&mut said);
        Figures::read(&said).unwrap().missed()
    }

    #[test]
    fn the_line_is_the_promised_one_and_has_medians_in_it() {
        let line: Json = serde_json::from_str(&Figures::read(&said()).unwrap().json()).unwrap();
        assert_eq!(
            line,
            json!({ "start_ms": 20.5, "start_auth0_ratio": 0.5, "start_oidc_ratio": 1.0, "load_pair_ratio": 0.9,
                "fetch_overhead_us": 19.9, "requests_at_start": 1 })
        );
    }

    #[test]
    fn each_limit_is_held_and_named() {
        assert_eq!(missed(|_| ()), [""; 0]);
        type Change = fn(&mut Json);
        let changes: [(Change, &str); 6] = [
            (|said| said["start"]["auth0"] = json!([20.4]), "start_auth0_ratio is 1.00"),
            (|said| said["start"]["oidc"] = json!([10]), "start_oidc_ratio is 2.05"),
            (|said| said["load"]["everlit"] = json!([11]), "load_pair_ratio is 1.10"),
            (|said| said["fetch_overhead_us"] = json!([20]), "fetch_overhead_us is 20.0"),
            (|said| said["requests_at_start"] = json!([1, 2, 1]), "asked 2 times"),
            (|said| said["files_at_start"] = json!([1, 2, 1]), "2 files were loaded"),
        ];
        for (change, word) in changes {
            let missed = missed(change);
            assert!(missed.len() == 1 && missed[0].contains(word), "{word}: {missed:?}");
        }
    }

    #[test]
    fn what_was_not_measured_is_no_figure() {
        for path in ["start", "load", "call", "fetch_overhead_us", "requests_at_start", "files_at_start"] {
            let mut said = said();
            said[path] = json!([]);
            assert_eq!(Figures::read(&said), None, "{path}");
        }
    }
}
