//! What is printed.

use std::fmt::Write as _;

use everlit_core::time::Timestamp;

use crate::flaw::Flaw;
use crate::plan::Leg;
use crate::search::{Breach, Survey};
use crate::world::{Bound, ORIGIN, Tab, World};

/// One line about one exploration.
#[must_use]
pub fn leg(leg: &Leg, survey: &Survey) -> String {
    let Bound { tabs, rotations, crashes, faults, twice, endings } = leg.bound;
    let whole = if survey.complete { "all" } else { "NOT ALL" };
    format!(
        "{:32} {:19} tabs {tabs}, rotations {rotations}, crashes {crashes}, faults {faults}, twice {twice}, endings {endings}: \
         {whole} {:>9} states, {:>9} steps, {:>3} deep, {:>6.1} s",
        leg.kind.as_str(),
        leg.about,
        survey.states,
        survey.steps,
        survey.depth,
        survey.took.as_secs_f64(),
    )
}

/// One line about one mistake: what it is, and the law that noticed.
#[must_use]
pub fn flaw(flaw: Flaw, survey: &Survey) -> String {
    let noticed = noticed(flaw, survey);
    let how = noticed.map_or_else(
        || "NOT NOTICED".to_owned(),
        |breach| format!("{} ({} steps)", breach.broken.law.as_str(), breach.trace.len()),
    );
    format!("{:50} {how}", flaw.as_str())
}

/// The breach of the law that a mistake is for.
#[must_use]
pub fn noticed(flaw: Flaw, survey: &Survey) -> Option<&Breach> {
    survey.breaches.iter().find(|breach| breach.broken.law == flaw.law())
}

/// A broken law with the way there, one line for each step.
#[must_use]
pub fn breach(breach: &Breach) -> String {
    let mut text = format!("law {}: {}\n", breach.broken.law.as_str(), breach.broken.what);
    let mut at = 0;
    for (nth, (action, world)) in breach.trace.iter().enumerate() {
        let cut = action.cut.map_or(String::new(), |(done, crash)| {
            format!(" -- and {crash:?} goes down after {done} of its effects")
        });
        at = world.as_ref().map_or(at, |world| seconds(world.now));
        let step = readable(&format!("{:?}", action.step));
        let state = world.as_ref().map_or_else(|| "broken".to_owned(), short);
        // Writing to a string cannot fail.
        let _written = writeln!(text, "{:>4}. {at:>4} s  {step}{cut}\n              {state}", nth + 1);
    }
    text
}

/// Where everything stands, in a line.
fn short(world: &World) -> String {
    let row = &world.row;
    let token = row.refresh_token.as_ref().map_or("none", |token| token.expose().as_str());
    let mut text = format!("row {} g{} {token}", row.status.as_str(), row.stamp.generation.0);
    if let Some(intent) = row.intent {
        let _written = write!(text, ", intent {} of {} s", intent.request.0, seconds(intent.armed_at));
    }
    if let Some(orphan) = row.orphan {
        let _written = write!(text, ", orphan {}", orphan.intent.request.0);
    }
    if row.ambiguous.is_some() {
        text.push_str(", ambiguous");
    }
    if !row.outbox.errands().is_empty() {
        let _written = write!(text, ", to revoke {}", row.outbox.errands().len());
    }
    if let Some((request, entry)) = world.escrow.entry() {
        let _written = write!(text, "; escrow {} {}", request.0, readable(&format!("{entry:?}")));
    }
    let tabs = world.tabs.iter().map(|Tab { holds, waits_for }| {
        let waits = if waits_for.is_some() { "?" } else { "" };
        format!("g{}{waits}", holds.0)
    });
    let _written = write!(text, "; tabs {}", tabs.collect::<Vec<_>>().join(" "));
    text
}

fn seconds(at: Timestamp) -> u64 {
    at.since(ORIGIN).as_millis() / 1_000
}

/// Times as seconds of the trace, names without their types.
fn readable(debug: &str) -> String {
    let mut text = String::new();
    let mut rest = debug;
    while let Some((before, after)) = rest.split_once("Timestamp(") {
        let (digits, end) = after.split_once(')').unwrap_or((after, ""));
        let at = Timestamp::from_millis(digits.parse().unwrap_or_default());
        let _written = write!(text, "{before}{} s", seconds(at));
        rest = end;
    }
    text.push_str(rest);
    for name in ["RequestId(", "RotatorId(", "ErrandId("] {
        while let Some((before, after)) = text.split_once(name) {
            let (number, end) = after.split_once(')').unwrap_or((after, ""));
            text = format!("{before}{number}{end}");
        }
    }
    text
}
