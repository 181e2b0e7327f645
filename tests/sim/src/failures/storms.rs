//! Too many requests, and errors taken for the end: failures 8, 9, 10, 11.

use everlit_core::tab::State;
use everlit_core::time::Millis;
use everlit_sim::authorization_server::Mood;
use everlit_sim::fault::Fault;
use everlit_sim::naive::Manners;
use everlit_sim::plan::Plan;
use everlit_sim::user::Act;

use super::{HOUR, MINUTE, Outcome, Row, count, everlit, hourly, naive, work, world};

/// The authorization server answers 503 for four minutes, from just before the expiry on.
pub(super) fn transient_error_is_no_logout() -> Row {
    let plan = hourly(3);
    let mut naive = naive(plan, Manners::USUAL);
    naive.run_for(Millis::from_secs(3_500));
    naive.server.mood = Mood::Sick;
    naive.run_for(MINUTE.plus(MINUTE));
    let logouts = naive.counts.logouts;
    let mut world = world(plan);
    work(&mut world, 0, 54);
    world.break_it(Fault::Sick);
    let mut asked_to_log_in = 0;
    for _ in 0..4 {
        world.act(0, Act::Input);
        world.act(0, Act::Call);
        world.run_for(MINUTE);
        asked_to_log_in += count(&world, State::LoggedOut)
            + count(&world, State::ReauthRequired)
            + count(&world, State::Ended);
    }
    world.break_it(Fault::Well);
    work(&mut world, 0, 3);
    let (tally, active) = (world.tally(), count(&world, State::Active));
    let told = format!(
        "{} tries in 4 min, {} of {} calls refused, {active} tabs active in the end",
        tally.token_requests, tally.denied, tally.calls
    );
    let passes = asked_to_log_in == 0 && active == 3 && tally.denied == 0 && tally.token_requests <= 40;
    Row {
        number: 8,
        failure: "a transient error is taken for a logout",
        naive: Outcome { told: format!("{logouts} logout"), passes: logouts == 0 },
        everlit: everlit(&world, told, passes),
    }
}

/// The clock of the computer is a day ahead, or a day behind.
pub(super) fn wrong_clock() -> Row {
    let day = 86_400_000;
    let mut asked = 0;
    let (mut grants, mut requests, mut worlds) = (0, 0, Vec::new());
    for clock_ahead in [day, -day] {
        let plan = Plan { clock_ahead, ..hourly(1) };
        let mut naive = naive(plan, Manners { by_server_time: true, ..Manners::USUAL });
        naive.run_for(HOUR);
        asked += naive.counts.grants;
        let mut world = world(plan);
        work(&mut world, 0, 60);
        grants += world.tally().token_requests;
        requests += world.tally().requests;
        worlds.push(world);
    }
    let active = worlds.iter().all(|world| world.state(0) == State::Active);
    let broken = worlds.iter().any(|world| super::breach(world).is_some());
    Row {
        number: 9,
        failure: "a wrong clock makes every fresh token look expired",
        naive: Outcome {
            told: format!("{asked} refresh grants in an hour, a day ahead and a day behind"),
            passes: asked <= 4,
        },
        everlit: Outcome {
            told: format!("{grants} refresh grants and {requests} requests, active both times"),
            passes: active && !broken && grants == 2 && requests <= 30,
        },
    }
}

/// Tokens of a minute, and a client that refreshes a minute before expiry.
pub(super) fn lead_longer_than_lifetime() -> Row {
    let plan = Plan { access_lifetime: MINUTE, ..hourly(1) };
    let mut naive = naive(plan, Manners::USUAL);
    naive.run_for(MINUTE.plus(MINUTE.plus(MINUTE)).plus(MINUTE).plus(MINUTE));
    let mut world = world(plan);
    work(&mut world, 0, 5);
    let tally = world.tally();
    let told = format!("{} refresh grants in 5 min, {}", tally.token_requests, world.state(0).as_str());
    Row {
        number: 10,
        failure: "a lead that is longer than the lifetime",
        naive: Outcome {
            told: format!("{} refresh grants in 5 min", naive.counts.grants),
            passes: naive.counts.grants <= 10,
        },
        everlit: everlit(&world, told, (4..=8).contains(&tally.token_requests)),
    }
}

/// An upstream that refuses every token, for a reason that no refresh can mend.
pub(super) fn refused_again_and_again() -> Row {
    let plan = hourly(1);
    let mut naive = naive(plan, Manners { persists: true, ..Manners::USUAL });
    naive.server.takes_nothing = true;
    naive.call(0);
    naive.run_for(MINUTE);
    let mut world = world(plan);
    world.server().takes_nothing = true;
    world.run_for(MINUTE);
    world.act(0, Act::Call);
    world.run_for(MINUTE);
    let (tally, answered) = (world.tally(), world.browser().oldest_call().is_none());
    let told = format!("one call: {} refresh grants, the app has its answer", tally.token_requests);
    Row {
        number: 11,
        failure: "a 401 that is not about expiry, and refreshes without end",
        naive: Outcome {
            told: format!("one call: {} refresh grants in a minute", naive.counts.grants),
            passes: naive.counts.grants <= 3,
        },
        everlit: everlit(
            &world,
            told,
            answered && tally.token_requests <= 2 && world.state(0) == State::Active,
        ),
    }
}
