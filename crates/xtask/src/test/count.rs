//! How many tests ran, read from what the runners print.

use std::ops::AddAssign;

/// Passed, failed, skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
    /// Tests that were not run on purpose.
    pub(crate) skipped: u64,
}

impl Counts {
    /// One test that passed.
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    /// One test that failed.
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };
    /// One test that could not be run here.
    pub(crate) const SKIPPED: Self = Self { passed: 0, failed: 0, skipped: 1 };

    /// Tests that were really run.
    pub(crate) const fn executed(self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// `N passed, N failed, N skipped`
impl std::fmt::Display for Counts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// libtest and wasm-bindgen-test: the sum of all `test result: ok. 5 passed; 0 failed; 1 ignored; ...`.
pub(crate) fn rust(output: &str) -> Counts {
    let mut total = Counts::default();
    for line in output.lines() {
        let Some((_, rest)) = line.split_once("test result: ") else { continue };
        let number = |what: &str| -> Option<u64> {
            let (before, _) = rest.split_once(what)?;
            before.split_whitespace().next_back()?.parse().ok()
        };
        if let (Some(passed), Some(failed)) = (number(" passed"), number(" failed")) {
            total += Counts { passed, failed, skipped: number(" ignored").unwrap_or(0) };
        }
    }
    total
}

/// `node --test`: the summary lines `# pass 5` (TAP) or `ℹ pass 5` (spec), at the start of a line.
pub(crate) fn node(output: &str) -> Counts {
    let mut total = Counts::default();
    for line in output.lines() {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else { continue };
        let mut words = rest.split(' ');
        let (Some(what), Some(count), None) =
            (words.next(), words.next().and_then(|n| n.parse::<u64>().ok()), words.next())
        else {
            continue;
        };
        match what {
            "pass" => total.passed += count,
            "fail" | "cancelled" => total.failed += count,
            "skipped" | "todo" => total.skipped += count,
            _ => {}
        }
    }
    total
}

/// The names of tests that failed, as `node --test` and libtest repeat them at their end.
pub(crate) fn failing(output: &str) -> Vec<String> {
    let node = output.split_once("✖ failing tests:").into_iter().flat_map(|(_, rest)| {
        rest.lines()
            .filter_map(|line| line.strip_prefix("✖ "))
            .map(|name| name.rsplit_once(" (").map_or(name, |(name, _)| name))
    });
    let rust = output.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    node.chain(rust).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_results_are_summed() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(rust(output), Counts { passed: 5, failed: 1, skipped: 1 });
    }

    #[test]
    fn wasm_results_are_read() {
        let output = "running 3 tests\n\ntest result: ok. 3 passed; 0 failed; 0 ignored; 0 filtered out\n";
        assert_eq!(rust(output), Counts { passed: 3, failed: 0, skipped: 0 });
    }

    #[test]
    fn node_summaries_are_read_in_both_forms() {
        let spec = "✔ a (1.2ms)\nℹ tests 6\nℹ suites 1\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\nℹ duration_ms 5\n";
        assert_eq!(node(spec), Counts { passed: 3, failed: 2, skipped: 1 });
        let tap = "TAP version 13\n# Subtest: pass 9\n# tests 2\n# pass 2\n# fail 0\n# cancelled 0\n# skipped 0\n# todo 0\n";
        assert_eq!(node(tap), Counts { passed: 2, failed: 0, skipped: 0 });
    }

    #[test]
    fn failing_tests_are_named() {
        let node = "✖ early (3ms)\nℹ fail 2\n\n✖ failing tests:\n\ntest at a.mjs:1:1\n✖ a name (with a word) (12.5ms)\n  Error: no\n";
        assert_eq!(failing(node), ["a name (with a word)"]);
        assert_eq!(failing("test a::b ... ok\ntest a::c ... FAILED\n"), ["a::c"]);
    }

    #[test]
    fn other_output_counts_nothing() {
        assert_eq!(rust("error: could not compile"), Counts::default());
        assert_eq!(node("# pass many\npass 3\n"), Counts::default());
    }

    #[test]
    fn the_total_line_is_the_promised_one() {
        assert_eq!(Counts { passed: 5, failed: 0, skipped: 2 }.to_string(), "5 passed, 0 failed, 2 skipped");
    }
}
