//! What the runs come to, and the limits.

use super::load::Seen;
use super::stand::{Memory, Start};
use std::fmt::{self, Display, Formatter, Write as _};
use std::time::Duration;

/// One run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// Milliseconds that half of the answers took at most.
    pub(super) p50: f64,
    /// Milliseconds that all but one in a hundred took at most.
    pub(super) p99: f64,
    /// Answers a second.
    throughput: f64,
    /// Microseconds of processor time for each answer, where the system tells.
    cost: Option<f64>,
}

impl Run {
    /// Of what was seen, and the processor time that it took.
    pub(super) fn new(seen: &Seen, spent: Option<Duration>) -> Self {
        let answers = seen.latencies.len().max(1) as f64;
        Self {
            p50: seen.quantile(0.5),
            p99: seen.quantile(0.99),
            throughput: seen.throughput(),
            cost: spent.map(|spent| spent.as_secs_f64() * 1e6 / answers),
        }
    }
}

impl Display for Run {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, throughput, cost } = self;
        write!(f, "{p50:>8.2} ms {p99:>8.1} ms {throughput:>8.0} /s")?;
        match cost {
            Some(cost) => write!(f, " {cost:>6.0} us of processor time each"),
            None => Ok(()),
        }
    }
}

/// All runs of one path.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    /// Ours.
    pub(super) rust: Vec<Run>,
    /// The other's.
    pub(super) javascript: Vec<Run>,
}

impl Sides {
    fn medians(&self) -> (Run, Run) {
        (median_run(&self.rust), median_run(&self.javascript))
    }

    /// Ours over JavaScript: the median of the ratios of each pair of runs, which have seen the same seconds.
    fn ratio(&self, of: impl Fn(&Run) -> f64) -> f64 {
        let pairs = self.rust.iter().zip(&self.javascript);
        median(pairs.map(|(rust, javascript)| of(rust) / of(javascript)).collect())
    }
}

/// The median of each figure by itself.
pub(super) fn median_run(runs: &[Run]) -> Run {
    let of = |figure: &dyn Fn(&Run) -> f64| median(runs.iter().map(figure).collect());
    let costs: Option<Vec<f64>> = runs.iter().map(|run| run.cost).collect();
    Run {
        p50: of(&|run| run.p50),
        p99: of(&|run| run.p99),
        throughput: of(&|run| run.throughput),
        cost: costs.map(median),
    }
}

/// The middle one; not a number if there is none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Everything that was run.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    /// A question for a token that is fresh.
    pub(super) token: Sides,
    /// A call through the proxy.
    pub(super) proxied: Sides,
    /// Workers that do nothing.
    pub(super) nothing: Sides,
}

/// The figures of the promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    callers: usize,
    refresh_grants: u64,
    p50_ratio: f64,
    p99_ratio: f64,
    throughput_ratio: f64,
    floor_ratio: f64,
    /// Where the system tells what processor time was spent.
    cpu_us_ratio: Option<f64>,
    start_ms_ratio: f64,
}

impl Figures {
    /// Each ratio is ours over JavaScript, of the path where it is worse.
    pub(super) fn new(callers: usize, refresh_grants: u64, paths: &Paths, start: &Start) -> Self {
        let Paths { token, proxied, nothing } = paths;
        let higher = |of: fn(&Run) -> f64| token.ratio(of).max(proxied.ratio(of));
        let throughput = |run: &Run| run.throughput;
        Self {
            callers,
            refresh_grants,
            p50_ratio: higher(|run| run.p50),
            p99_ratio: higher(|run| run.p99),
            throughput_ratio: token.ratio(throughput).min(proxied.ratio(throughput)),
            floor_ratio: nothing.ratio(|run| run.p50),
            cpu_us_ratio: Some(higher(|run| run.cost.unwrap_or(f64::NAN))).filter(|ratio| ratio.is_finite()),
            start_ms_ratio: median(start.rust.clone()) / median(start.javascript.clone()),
        }
    }

    /// Every limit that was missed, in words.
    pub(super) fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        if self.refresh_grants != 1 {
            missed.push(format!("{} callers caused {} refresh grants", self.callers, self.refresh_grants));
        }
        let (p50, p99, throughput) = self.limits();
        // Written so that what is not a number misses its limit.
        let within = |ratio: f64, limit: f64| ratio <= limit;
        if !within(self.p50_ratio, p50) {
            missed.push(format!("p50_ratio is {:.2}, at most {p50:.2} is allowed", self.p50_ratio));
        }
        if !within(self.p99_ratio, p99) {
            missed.push(format!("p99_ratio is {:.2}, at most {p99:.2} is allowed", self.p99_ratio));
        }
        if !within(throughput, self.throughput_ratio) {
            let ratio = self.throughput_ratio;
            missed.push(format!("throughput_ratio is {ratio:.2}, at least {throughput:.2} is asked for"));
        }
        missed
    }

    /// The limits, widened by what the way to Rust costs alone.
    fn limits(&self) -> (f64, f64, f64) {
        let floor = self.floor_ratio.max(1.0);
        (1.3 * floor, 1.5 * floor, 0.8 / floor)
    }

    /// The promised line.
    pub(super) fn json(&self) -> String {
        let Self { callers, refresh_grants, p50_ratio, p99_ratio, throughput_ratio, floor_ratio, .. } = self;
        let start_ms_ratio = self.start_ms_ratio;
        let cpu_us_ratio = self.cpu_us_ratio.map_or_else(|| "null".to_owned(), |ratio| format!("{ratio:.3}"));
        format!(
            r#"{{"callers":{callers},"refresh_grants":{refresh_grants},"p50_ratio":{p50_ratio:.3},"p99_ratio":{p99_ratio:.3},"throughput_ratio":{throughput_ratio:.3},"floor_ratio":{floor_ratio:.3},"cpu_us_ratio":{cpu_us_ratio},"start_ms_ratio":{start_ms_ratio:.3}}}"#
        )
    }

    /// The same for people.
    pub(super) fn table(&self, paths: &Paths, start: &Start, memory: &Memory) -> String {
        let mut text = String::new();
        let mut line = |what: String| writeln!(text, "{what}").unwrap_or_default();
        let (callers, grants) = (self.callers, self.refresh_grants);
        line(format!("{callers} callers at expiry: {grants} refresh grant(s)"));
        line(format!("{:<26}{:>11} {:>11} {:>11}", "medians of all runs", "p50", "p99", "throughput"));
        let rows = [
            ("fresh token", &paths.token),
            ("proxied call", &paths.proxied),
            ("nothing (the floor)", &paths.nothing),
        ];
        for (name, sides) in rows {
            let (rust, javascript) = sides.medians();
            line(name.to_owned());
            line(format!("  {:<24}{rust}", "Rust"));
            line(format!("  {:<24}{javascript}", "JavaScript"));
            let ratio = |of: fn(&Run) -> f64| sides.ratio(of);
            let (p50, p99, throughput) =
                (ratio(|run| run.p50), ratio(|run| run.p99), ratio(|run| run.throughput));
            line(format!("  {:<24}{p50:>11.2} {p99:>11.2} {throughput:>11.2}", "ratio"));
        }
        let (p50, p99, throughput) = self.limits();
        line(format!("{:<26}{p50:>11.2} {p99:>11.2} {throughput:>11.2}", "limits, with the floor"));
        let [rust, javascript, nothing] =
            [&start.rust, &start.javascript, &start.nothing].map(|rounds| median(rounds.clone()));
        line(format!(
            "from the start of a process to the first answer: {rust:.0} ms, in JavaScript {javascript:.0} ms, {nothing:.0} ms where the Worker does nothing"
        ));
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        line(format!(
            "resident memory for 1,000 live session objects: {:.0} MB, in JavaScript {:.0} MB",
            megabytes(memory.rust),
            megabytes(memory.javascript)
        ));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn run(p50: f64, p99: f64, throughput: f64) -> Run {
        Run { p50, p99, throughput, cost: Some(p50) }
    }

    fn start() -> Start {
        Start { rust: vec![90.0, 30.0, 60.0], javascript: vec![20.0, 40.0, 400.0], nothing: vec![10.0] }
    }

    fn paths(token: Run, proxied: Run, nothing: Run) -> Paths {
        let one = run(1.0, 1.0, 1.0);
        let sides = |rust| Sides {
            rust: vec![run(0.0, 0.0, 0.0), rust, run(99.0, 99.0, 99.0)],
            javascript: vec![one; 3],
        };
        Paths { token: sides(token), proxied: sides(proxied), nothing: sides(nothing) }
    }

    #[test]
    fn the_worse_path_counts() {
        let figures = Figures::new(
            1_000,
            1,
            &paths(run(1.1, 1.4, 0.9), run(1.2, 1.2, 0.95), run(1.0, 2.0, 3.0)),
            &start(),
        );
        let said: Value = serde_json::from_str(&figures.json()).unwrap();
        assert_eq!(
            said,
            serde_json::json!({ "callers": 1000, "refresh_grants": 1, "p50_ratio": 1.2, "p99_ratio": 1.4,
                "throughput_ratio": 0.9, "floor_ratio": 1.0, "cpu_us_ratio": 1.2, "start_ms_ratio": 1.5 })
        );
        assert_eq!(figures.missed(), [""; 0]);
    }

    #[test]
    fn each_limit_is_held_and_the_floor_widens_them() {
        let good = run(1.3, 1.5, 0.8);
        let missed = |grants, worse, floor| {
            Figures::new(1_000, grants, &paths(good, worse, run(floor, 1.0, 1.0)), &start()).missed().len()
        };
        assert_eq!(missed(1, good, 1.0), 0);
        assert_eq!((missed(2, good, 1.0), missed(0, good, 1.0)), (1, 1));
        assert_eq!(missed(1, run(1.31, 1.0, 1.0), 1.0), 1);
        assert_eq!(missed(1, run(1.0, 1.51, 1.0), 1.0), 1);
        assert_eq!(missed(1, run(1.0, 1.0, 0.79), 1.0), 1);
        assert_eq!(missed(1, run(1.5, 1.7, 0.7), 1.2), 0);
        // A floor below one narrows nothing.
        assert_eq!(missed(1, good, 0.5), 0);
        assert_eq!(missed(1, run(f64::NAN, 1.0, 1.0), f64::NAN), 0, "the other path has a figure");
        assert_eq!(Figures::new(1, 1, &Paths::default(), &start()).missed().len(), 3);
    }

    #[test]
    fn without_the_processor_time_there_is_no_ratio_of_it() {
        let mut paths = paths(run(1.0, 1.0, 1.0), run(1.0, 1.0, 1.0), run(1.0, 1.0, 1.0));
        for run in paths.token.rust.iter_mut().chain(&mut paths.proxied.rust) {
            run.cost = None;
        }
        let said: Value = serde_json::from_str(&Figures::new(1, 1, &paths, &start()).json()).unwrap();
        assert_eq!(said["cpu_us_ratio"], Value::Null);
    }
}
