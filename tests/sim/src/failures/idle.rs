//! What the app is told, and what counts as the user being there: failures 12, 13, 14.

use everlit_core::tab::State;
use everlit_core::time::Millis;
use everlit_core::vault::{EndReason, Status};
use everlit_sim::fault::Fault;
use everlit_sim::naive::Manners;
use everlit_sim::plan::Plan;
use everlit_sim::user::Act;
use everlit_sim::world::World;

use super::{MINUTE, Outcome, Row, SECOND, count, everlit, hourly, naive, work, world};

/// Half an hour.
const LIMIT: Millis = Millis::from_secs(1_800);

fn with_limit(tabs: usize) -> Plan {
    let plan = hourly(tabs);
    Plan {
        policy: everlit_core::vault::Policy { idle_limit: LIMIT, ..plan.policy },
        access_lifetime: Millis::from_secs(600),
        ..plan
    }
}

fn ended_idle(world: &World) -> bool {
    world.row().is_some_and(|row| row.status == Status::Ended(EndReason::IdleLimit))
}

/// The user goes from tab to tab, forty times, and nothing changes.
pub(super) fn events_that_lie() -> Row {
    let plan = hourly(2);
    let mut naive = naive(plan, Manners { tells_on_focus: true, ..Manners::USUAL });
    let mut world = world(plan);
    let (told_before, before) = (naive.counts.told, world.tally());
    for turn in 0..40 {
        naive.show(turn % 2);
        naive.run_for(SECOND);
        world.act(turn % 2, Act::Look);
        world.run_for(SECOND);
    }
    let told = naive.counts.told - told_before;
    let changes = world.tally().transitions - before.transitions;
    let requests = world.tally().requests - before.requests;
    Row {
        number: 12,
        failure: "\"signed in\" on every focus, and lost form input",
        naive: Outcome { told: format!("{told} events"), passes: told == 0 },
        everlit: everlit(
            &world,
            format!("{changes} events, {requests} requests"),
            changes == 0 && requests == 0,
        ),
    }
}

/// Nobody is there; the app polls every minute. The idle limit is half an hour.
pub(super) fn polling_is_not_activity() -> Row {
    let plan = with_limit(2);
    let mut naive = naive(plan, Manners::USUAL);
    let mut world = world(plan);
    for minute in 0..240 {
        naive.call(0);
        naive.run_for(MINUTE);
        if minute < 35 {
            world.act(0, Act::Poll);
            world.run_for(MINUTE);
        }
    }
    let (tally, ended) = (world.tally(), ended_idle(&world));
    let told = format!(
        "ended by the idle limit within 35 min: {ended}, {} tabs say so",
        count(&world, State::Ended)
    );
    Row {
        number: 13,
        failure: "polling counts as the user being active",
        naive: Outcome {
            told: format!("logged in after 4 h without input, {} refreshes", naive.counts.grants),
            passes: !naive.is_logged_in(),
        },
        everlit: everlit(&world, told, ended && tally.limits == 1 && world.state(0) == State::Ended),
    }
}

/// The user works in one tab for two hours, and then the computer sleeps for eight. The idle limit is half an hour.
pub(super) fn idle_over_tabs_and_sleep() -> Row {
    let night = Millis::from_secs(8 * 3_600);
    let plan = Plan { mono_stops: true, ..with_limit(2) };
    let mut naive = naive(plan, Manners { idle: Some(LIMIT), ..Manners::USUAL });
    for _ in 0..120 {
        naive.input(0);
        naive.run_for(MINUTE);
    }
    let out_at_work = naive.counts.logouts;
    let mut world = world(plan);
    work(&mut world, 0, 120);
    let (lives, tabs) = (!ended_idle(&world), count(&world, State::Ended));
    world.break_it(Fault::Sleep(night));
    world.run_for(night.plus(MINUTE));
    for tab in [0, 1] {
        world.act(tab, Act::Look);
        world.run_for(SECOND);
    }
    let ended = ended_idle(&world) && count(&world, State::Active) == 0;
    let told = format!(
        "at work for 2 h: {tabs} tabs logged out; after 8 h of sleep: {}",
        if ended { "ended" } else { "still in" }
    );
    Row {
        number: 14,
        failure: "idle timers that are wrong over tabs and sleep",
        naive: Outcome {
            told: format!("at work for 2 h: logged out {out_at_work} times by the other tab"),
            passes: out_at_work == 0,
        },
        everlit: everlit(&world, told, lives && tabs == 0 && ended),
    }
}
