//! The fifteen failures of browser libraries in the field, each played twice: by Everlit and by a naive client in the same world.
//!
//! A row passes for Everlit by figures: requests made, sessions lost, events told. That it fails for the naive client shows that
//! the world does what the failure is about.

mod crowd;
mod idle;
mod late;
mod storms;

use everlit_core::law::Law;
use everlit_core::tab::State;
use everlit_core::time::Millis;
use everlit_sim::naive::{Manners, Naive};
use everlit_sim::network::{Freight, Link, Parcel, Verdict};
use everlit_sim::plan::Plan;
use everlit_sim::user::Act;
use everlit_sim::world::World;

const SECOND: Millis = Millis::from_secs(1);
const MINUTE: Millis = Millis::from_secs(60);
const HOUR: Millis = Millis::from_secs(3_600);

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// In figures.
    pub told: String,
    /// Whether its user could be content.
    pub passes: bool,
}

/// One failure.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number in the list.
    pub number: u32,
    /// What goes wrong in the field.
    pub failure: &'static str,
    /// What a naive client makes of it.
    pub naive: Outcome,
    /// What Everlit makes of it.
    pub everlit: Outcome,
}

/// A story, which brings its row.
type Story = fn() -> Row;

/// All of them, in the order of their numbers.
pub const STORIES: [Story; 15] = [
    crowd::tabs_race_one_refresh_token,
    late::rotation_answer_lost,
    crowd::lock_never_released,
    crowd::steal_cascade,
    crowd::waiter_gives_up_too_early,
    late::throttled_timers,
    late::wake_from_sleep,
    storms::transient_error_is_no_logout,
    storms::wrong_clock,
    storms::lead_longer_than_lifetime,
    storms::refused_again_and_again,
    idle::events_that_lie,
    idle::polling_is_not_activity,
    idle::idle_over_tabs_and_sleep,
    late::stale_wins,
];

/// Plays all of them.
#[must_use]
pub fn rows() -> Vec<Row> {
    STORIES.iter().map(|story| story()).collect()
}

/// The rows, for people.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::new();
    for Row { number, failure, naive, everlit } in rows {
        let verdict = if everlit.passes { "pass" } else { "FAIL" };
        table.push_str(&format!(
            "{number:>2} {failure}\n     naive    {}\n     everlit  {}\n     {verdict}\n",
            naive.told, everlit.told
        ));
    }
    let failed = rows.iter().filter(|row| !row.everlit.passes).count();
    table.push_str(&format!("{} failures, {failed} of them Everlit's too\n", rows.len()));
    table
}

/// The rows as one JSON object, on one line.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let told = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let rows: Vec<String> = rows
        .iter()
        .map(|Row { number, failure, naive, everlit }| {
            format!(
                "{{\"failure\":{number},\"name\":\"{}\",\"naive\":\"{}\",\"everlit\":\"{}\",\"pass\":{}}}",
                told(failure),
                told(&naive.told),
                told(&everlit.told),
                everlit.passes
            )
        })
        .collect();
    let passed = rows.iter().filter(|row| row.ends_with("\"pass\":true}")).count();
    format!("{{\"failures\":[{}],\"passed\":{passed},\"failed\":{}}}", rows.join(","), rows.len() - passed)
}

/// A world of a strict server and tokens of an hour, whose user has just logged in.
fn world(plan: Plan) -> World {
    let mut world = World::new(plan);
    world.begin();
    world.run_for(SECOND);
    world
}

/// A strict server and tokens of an hour.
fn hourly(tabs: usize) -> Plan {
    Plan { tabs, access_lifetime: HOUR, ..Plan::quiet(4) }
}

/// The same, for a naive client.
fn naive(plan: Plan, manners: Manners) -> Naive {
    Naive::new(plan, manners)
}

/// Somebody types once a minute in a tab, for so many minutes.
fn work(world: &mut World, tab: usize, minutes: u32) {
    for _ in 0..minutes {
        world.act(tab, Act::Input);
        world.run_for(MINUTE);
    }
}

/// Somebody works in the first tab until something is so, for two hours at the most.
fn work_until(world: &mut World, is_so: impl Fn(&World) -> bool) {
    for second in 0..7_200 {
        if is_so(world) {
            return;
        }
        if second % 60 == 0 && world.browser().is_alert(0) {
            world.act(0, Act::Input);
        }
        world.run_for(SECOND);
    }
}

/// The law that was broken, if one was.
fn breach(world: &World) -> Option<Law> {
    world.report().breach.map(|breach| breach.law)
}

/// How many tabs stand like this.
fn count(world: &World, state: State) -> usize {
    (0..world.browser().tabs()).filter(|tab| world.state(*tab) == state).count()
}

/// An outcome of Everlit: it passes by what the story says, and only if no law was broken.
fn everlit(world: &World, told: String, passes: bool) -> Outcome {
    match breach(world) {
        Some(law) => Outcome { told: format!("{told}; breaks {}", law.as_str()), passes: false },
        None => Outcome { told, passes },
    }
}

/// Answers of the authorization server take so long.
fn slow_server(time: Millis) -> impl Fn(&Parcel) -> Verdict {
    move |parcel: &Parcel| {
        if parcel.link == Link::FromServer { Verdict::Deliver(time) } else { Verdict::Pass }
    }
}

/// Loses the parcels of one kind from the `from`th on, `count` of them, without a sign.
fn lose(link: Link, freight: Freight, from: u32, count: u32) -> impl Fn(&Parcel) -> Verdict {
    move |parcel: &Parcel| {
        let hit = parcel.link == link && parcel.freight == freight;
        if hit && (from..from.saturating_add(count)).contains(&parcel.nth) {
            Verdict::Drop { noticed: None }
        } else {
            Verdict::Pass
        }
    }
}
