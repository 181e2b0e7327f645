//! Many tabs at one expiry, and the locks between them: failures 1, 3, 4, 5.

use everlit_core::tab::State;
use everlit_core::time::Millis;
use everlit_sim::naive::{Lock, Manners};
use everlit_sim::plan::Plan;
use everlit_sim::user::Act;

use super::{
    HOUR, MINUTE, Outcome, Row, breach, count, everlit, hourly, naive, slow_server, work, work_until, world,
};

/// Twenty tabs come to one expiry, and nothing between them works: no channel, no lock.
pub(super) fn tabs_race_one_refresh_token() -> Row {
    let plan = Plan { channel: false, ..hourly(20) };
    let mut naive = naive(plan, Manners::USUAL);
    naive.run_for(HOUR);
    let (asked, logouts) = (naive.counts.grants, naive.counts.logouts);
    let mut world = world(plan);
    work(&mut world, 0, 60);
    for tab in 0..plan.tabs {
        world.act(tab, Act::Call);
    }
    world.run_for(MINUTE);
    let (tally, active) = (world.tally(), count(&world, State::Active));
    let told = format!(
        "{} refresh grant for 20 tabs, {active} of them active, {} refused calls",
        tally.token_requests, tally.denied
    );
    let passes = tally.token_requests == 1 && active == plan.tabs && tally.denied == 0;
    Row {
        number: 1,
        failure: "tabs race one rotating refresh token, the family is revoked",
        naive: Outcome { told: format!("{asked} refresh grants, {logouts} logout"), passes: logouts == 0 },
        everlit: everlit(&world, told, passes),
    }
}

/// The tab that refreshes is frozen with the answer on its way, and never comes back.
pub(super) fn lock_never_released() -> Row {
    let plan = hourly(3);
    let slow = Millis::from_secs(2);
    let mut naive = naive(plan, Manners { lock: Lock::Waits, ..Manners::USUAL });
    naive.rule(slow_server(slow));
    naive.run_for(Millis::from_secs(3_541));
    let holder = (0..3).find(|tab| naive.asks(*tab)).unwrap_or_default();
    naive.freeze(holder, Millis::from_days(1));
    naive.run_for(HOUR);
    let tab = (holder + 1) % 3;
    for _ in 0..10 {
        naive.call(tab);
        naive.run_for(MINUTE);
    }
    let hung = naive.waiting();
    let mut world = world(plan);
    world.rule(slow_server(slow));
    work_until(&mut world, |world| world.tally().token_requests == 1);
    let holder = (0..3).find(|tab| world.state(*tab) == State::Refreshing).unwrap_or_default();
    world.freeze_for_good(holder);
    let tab = (holder + 1) % 3;
    work(&mut world, tab, 60);
    for _ in 0..10 {
        world.act(tab, Act::Call);
        world.run_for(MINUTE);
    }
    let (tally, waits) = (world.tally(), world.browser().oldest_call().is_some());
    let active = count(&world, State::Active);
    let told =
        format!("the other tabs go on, {active} active, 10 of 10 calls answered, {} refused", tally.denied);
    Row {
        number: 3,
        failure: "a lock is never released, every call hangs",
        naive: Outcome {
            told: format!("{hung} tabs wait for the lock for good, {} calls refused", naive.counts.refused),
            passes: hung == 0,
        },
        everlit: everlit(&world, told, !waits && active >= 2 && tally.denied == 0),
    }
}

/// The server takes six seconds, which is longer than anybody waits for a lock.
pub(super) fn steal_cascade() -> Row {
    let plan = hourly(3);
    let slow = Millis::from_secs(6);
    let mut naive = naive(plan, Manners { lock: Lock::Steals(Millis::from_secs(5)), ..Manners::USUAL });
    naive.rule(slow_server(slow));
    naive.run_for(HOUR);
    let (asked, logouts) = (naive.counts.grants, naive.counts.logouts);
    let mut world = world(plan);
    world.rule(slow_server(slow));
    work(&mut world, 0, 62);
    let (tally, active) = (world.tally(), count(&world, State::Active));
    let told = format!("{} refresh grant, {active} tabs active", tally.token_requests);
    Row {
        number: 4,
        failure: "a stolen lock: two holders, two refreshes",
        naive: Outcome { told: format!("{asked} refresh grants, {logouts} logout"), passes: logouts == 0 },
        everlit: everlit(&world, told, tally.token_requests == 1 && active == 3),
    }
}

/// The server takes twenty seconds, and who waits for the lock gives up after five.
pub(super) fn waiter_gives_up_too_early() -> Row {
    let plan = hourly(3);
    let slow = Millis::from_secs(20);
    let mut naive = naive(plan, Manners { lock: Lock::TimesOut(Millis::from_secs(5)), ..Manners::USUAL });
    naive.rule(slow_server(slow));
    naive.run_for(HOUR);
    let logouts = naive.counts.logouts;
    let mut world = world(plan);
    world.rule(slow_server(slow));
    let mut asked_to_log_in = 0;
    for minute in 0..62_u32 {
        world.act(0, Act::Input);
        world.act((minute % 3) as usize, Act::Call);
        world.run_for(MINUTE);
        asked_to_log_in += count(&world, State::LoggedOut)
            + count(&world, State::ReauthRequired)
            + count(&world, State::Ended);
    }
    let (tally, active) = (world.tally(), count(&world, State::Active));
    let told = format!(
        "{} refresh grant, {} calls, {} refused, {active} tabs active",
        tally.token_requests, tally.calls, tally.denied
    );
    let passes = tally.token_requests == 1 && tally.denied == 0 && asked_to_log_in == 0 && active == 3;
    Row {
        number: 5,
        failure: "a waiter gives up before the holder may finish",
        naive: Outcome { told: format!("{logouts} logout by a timeout"), passes: logouts == 0 },
        everlit: everlit(&world, told, passes && breach(&world).is_none()),
    }
}
