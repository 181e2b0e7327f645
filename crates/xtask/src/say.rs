//! Progress for people, on stderr only.

use std::time::{Duration, Instant};

/// Says what begins now.
pub(crate) fn step(what: &str) {
    eprintln!("==> {what}");
}

/// Says something about the present step.
pub(crate) fn note(what: &str) {
    eprintln!("    {what}");
}

/// A line every ten seconds while something long runs, so that silence always means trouble.
pub(crate) struct Heartbeat {
    what: String,
    began: Instant,
    last: Instant,
}

impl Heartbeat {
    /// Time between two lines.
    const EVERY: Duration = Duration::from_secs(10);

    /// Starts counting.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        let now = Instant::now();
        Self { what: what.into(), began: now, last: now }
    }

    /// Prints a line if one is due.
    pub(crate) fn beat(&mut self) {
        if self.last.elapsed() >= Self::EVERY {
            self.last = Instant::now();
            note(&format!("{}: {} so far", self.what, elapsed(self.began.elapsed())));
        }
    }
}

/// `42 s` or `3 min 05 s`.
pub(crate) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

/// The last `lines` lines of a text, indented, for showing why something failed.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    let from = all.len().saturating_sub(lines);
    all.iter().skip(from).map(|line| format!("    | {line}")).collect::<Vec<_>>().join("\n")
}

/// What explains a failure: from the first complaint on, and the very end; all of it when it is short.
pub(crate) fn gist(text: &str) -> String {
    const FROM_COMPLAINT: usize = 40;
    const FROM_END: usize = 12;
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let complains = |line: &str| {
        line.starts_with("error")
            || line.starts_with("Error")
            || line.starts_with("✖ failing tests:")
            || (line.starts_with("---- ") && line.ends_with("stdout ----"))
    };
    let Some(first) = lines.iter().position(|line| complains(line)) else {
        return tail(text, FROM_COMPLAINT);
    };
    let rest = lines.get(first..).unwrap_or_default();
    if rest.len() <= FROM_COMPLAINT + FROM_END {
        return tail(text, rest.len());
    }
    let head = rest.get(..FROM_COMPLAINT).unwrap_or_default().join("\n");
    format!("{}\n    | ...\n{}", tail(&head, FROM_COMPLAINT), tail(text, FROM_END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gist_begins_at_the_first_complaint() {
        let noise = "Compiling\n".repeat(90);
        let said = gist(&format!("{noise}---- a stdout ----\nit broke\n{noise}the end\n"));
        assert!(said.starts_with("    | ---- a stdout ----\n    | it broke\n"), "{said}");
        assert!(said.contains("    | ...\n") && said.ends_with("    | the end"), "{said}");
        assert_eq!(gist("Compiling\nerror: no\nend\n"), "    | error: no\n    | end");
        assert_eq!(gist("quiet\n"), "    | quiet");
    }

    #[test]
    fn elapsed_reads_like_a_clock() {
        assert_eq!(elapsed(Duration::from_secs(42)), "42 s");
        assert_eq!(elapsed(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn tail_keeps_the_end() {
        assert_eq!(tail("a\nb\nc\n", 2), "    | b\n    | c");
        assert_eq!(tail("", 2), "");
    }
}
