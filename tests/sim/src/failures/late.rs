//! What comes late, or not at all: failures 2, 6, 7, 15.

use everlit_core::tab::State;
use everlit_core::time::Millis;
use everlit_sim::fault::Fault;
use everlit_sim::life::Incident;
use everlit_sim::naive::Manners;
use everlit_sim::network::{Freight, Link};
use everlit_sim::plan::Plan;
use everlit_sim::timing::Timing;
use everlit_sim::user::Act;

use super::{
    HOUR, MINUTE, Outcome, Row, SECOND, count, everlit, hourly, lose, naive, slow_server, work, work_until,
    world,
};

/// The first answer with a new token is lost between Worker and tab, and at the next expiry the vault's object dies while its
/// rotator waits for the server.
pub(super) fn rotation_answer_lost() -> Row {
    let plan = hourly(1);
    let mut naive = naive(plan, Manners::USUAL);
    naive.rule(lose(Link::FromWorker, Freight::Token, 0, 1));
    naive.run_for(HOUR);
    let logouts = naive.counts.logouts;
    let mut world = world(plan);
    world.rule(lose(Link::FromWorker, Freight::Token, 0, 1));
    work(&mut world, 0, 90);
    world.rule(slow_server(Millis::from_secs(2)));
    work_until(&mut world, |world| world.tally().token_requests == 2);
    world.break_it(Fault::Restart);
    work(&mut world, 0, 10);
    let tally = world.tally();
    let told = format!(
        "{} rotations, each presented once, {} of them found in the escrow, {} grants lost, the tab is {}",
        tally.token_requests,
        tally.recovered,
        tally.lost,
        world.state(0).as_str()
    );
    let passes = tally.token_requests == 2
        && tally.recovered == 1
        && tally.lost == 0
        && world.state(0) == State::Active;
    Row {
        number: 2,
        failure: "the answer with the next refresh token is lost",
        naive: Outcome { told: format!("{logouts} logout"), passes: logouts == 0 },
        everlit: everlit(&world, told, passes),
    }
}

/// Tokens of five minutes, and a browser that lets the timers of hidden tabs go off up to six minutes late. After an hour the user
/// looks at the page, which calls at once.
pub(super) fn throttled_timers() -> Row {
    let plan = Plan { timing: Timing::Late, access_lifetime: Millis::from_secs(300), ..hourly(1) };
    let mut naive = naive(plan, Manners::USUAL);
    let mut world = world(plan);
    naive.live(Incident::Leave { covers: true });
    world.cover();
    let mut requests = 0;
    for _ in 0..20 {
        naive.run_for(HOUR);
        naive.show(0);
        naive.call(0);
        naive.live(Incident::Leave { covers: true });
        world.run_for(HOUR);
        let before = world.tally().requests;
        world.act(0, Act::Look);
        world.act(0, Act::Call);
        world.run_for(Millis::from_secs(10));
        requests = requests.max(world.tally().requests - before);
        world.cover();
    }
    let (tally, active) = (world.tally(), world.state(0) == State::Active);
    let told = format!(
        "20 returns, {} calls refused, {requests} requests at the most, {}",
        tally.denied,
        world.state(0).as_str()
    );
    Row {
        number: 6,
        failure: "timers of hidden tabs are late, 401s on return",
        naive: Outcome {
            told: format!("20 returns, {} calls refused", naive.counts.refused),
            passes: naive.counts.refused == 0,
        },
        everlit: everlit(&world, told, tally.denied == 0 && active && requests <= 8),
    }
}

/// Eight hours of sleep, and a network that comes back twenty seconds after the wake.
pub(super) fn wake_from_sleep() -> Row {
    let night = Millis::from_secs(8 * 3_600);
    let mut told = Vec::new();
    let mut passes = true;
    let mut logouts = 0;
    let mut last = None;
    for mono_stops in [false, true] {
        let plan = Plan { mono_stops, ..hourly(3) };
        let mut naive = naive(plan, Manners::USUAL);
        naive.live(Incident::Sleep(night));
        naive.live(Incident::Offline(night.plus(Millis::from_secs(20))));
        naive.run_for(night.plus(MINUTE.plus(MINUTE)));
        logouts += naive.counts.logouts;
        let mut world = world(plan);
        world.break_it(Fault::Sleep(night));
        world.break_it(Fault::Offline(night.plus(Millis::from_secs(20))));
        world.run_for(night.plus(SECOND));
        world.act(0, Act::Call);
        world.run_for(MINUTE.plus(MINUTE));
        let (tally, active) = (world.tally(), count(&world, State::Active));
        let answered = world.browser().oldest_call().is_none();
        passes &= active == 3 && tally.denied == 0 && answered && tally.token_requests == 1;
        told.push(format!(
            "{} clock: {active} tabs active within 2 min, {} refresh grant, the call that waited {}",
            if mono_stops { "stopped" } else { "running" },
            tally.token_requests,
            if answered { "answered" } else { "LOST" }
        ));
        passes &= super::breach(&world).is_none();
        last = Some(world);
    }
    let told = told.join("; ");
    Row {
        number: 7,
        failure: "wake from sleep before the network is up",
        naive: Outcome { told: format!("{logouts} logouts in 2 wakes"), passes: logouts == 0 },
        everlit: match last {
            Some(world) => everlit(&world, told, passes),
            None => Outcome { told, passes: false },
        },
    }
}

/// A logout in one tab while another one's refresh is under way.
pub(super) fn stale_wins() -> Row {
    let plan = hourly(2);
    let mut naive = naive(plan, Manners::USUAL);
    naive.rule(slow_server(Millis::from_secs(3)));
    naive.run_for(Millis::from_secs(3_541));
    let other = (0..2).find(|tab| naive.asks(*tab)).unwrap_or_default();
    naive.log_out(1 - other);
    naive.run_for(MINUTE);
    let back = naive.is_logged_in();
    let mut world = world(plan);
    world.rule(slow_server(Millis::from_secs(3)));
    work(&mut world, 0, 50);
    world.act(1, Act::Refresh);
    world.run_for(SECOND);
    let under_way = world.tally().token_requests;
    world.act(0, Act::Logout);
    world.run_for(MINUTE.plus(MINUTE));
    let out = count(&world, State::LoggedOut) + count(&world, State::Ended);
    let live = world.live_tokens(0);
    let told = format!("{out} of 2 tabs without a session, {live} live refresh tokens at the server");
    Row {
        number: 15,
        failure: "a logout is undone by another tab's refresh",
        naive: Outcome {
            told: String::from(if back { "logged in again by the late answer" } else { "logged out" }),
            passes: !back,
        },
        everlit: everlit(&world, told, under_way == 1 && out == 2 && live == 0),
    }
}
