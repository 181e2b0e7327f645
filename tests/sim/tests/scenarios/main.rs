//! Single stories, told in quiet worlds: a strict server, tokens of a minute, and one thing that goes wrong.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says what is wrong by failing"
)]

mod endings;
mod rotation;

use everlit_core::tab::State;
use everlit_core::time::Millis;
use everlit_core::vault::{EndReason, Policy, ReauthReason, Revoker, Status};
use everlit_sim::authorization_server::Reuse;
use everlit_sim::fault::Fault;
use everlit_sim::network::{Freight, Link, Parcel, Verdict};
use everlit_sim::plan::Plan;
use everlit_sim::user::Act;
use everlit_sim::world::World;

const SECOND: Millis = Millis::from_secs(1);
const MINUTE: Millis = Millis::from_secs(60);
const HOUR: Millis = Millis::from_secs(3_600);

fn begin(plan: Plan) -> World {
    let mut world = World::new(plan);
    world.begin();
    world.run_for(SECOND);
    assert_eq!(states(&world), vec![State::Active; plan.tabs]);
    world
}

fn quiet() -> World {
    begin(Plan::quiet(1))
}

fn states(world: &World) -> Vec<State> {
    (0..world.browser().tabs()).map(|tab| world.state(tab)).collect()
}

fn status(world: &World) -> Status {
    world.row().expect("somebody logged in").status
}

/// Somebody types once a minute, for so long.
fn live(world: &mut World, time: Millis) {
    let mut left = time;
    while !left.is_zero() {
        world.act(0, Act::Input);
        world.run_for(left.min(MINUTE));
        left = left.less(MINUTE);
    }
}

/// The user's next gesture opens a popup, which the authorization server turns down; then only a form is left.
fn is_asked(world: &mut World) {
    world.act(0, Act::Input);
    world.run_for(Millis::from_secs(5));
}

/// How many rotations there were, by the vault's own count.
fn generation(world: &World) -> u32 {
    world.row().expect("somebody logged in").stamp.generation.0
}

/// Faults stop, everybody settles, and no law was broken on the way.
fn settles(world: &mut World) {
    world.calm();
    keeps_the_laws(world);
}

fn keeps_the_laws(world: &World) {
    if let Some(breach) = world.report().breach {
        panic!("{breach}");
    }
}

/// Loses the parcels of one kind, numbered from `from` on, `count` of them, without a sign.
fn lose(link: Link, freight: Freight, from: u32, count: u32) -> impl Fn(&Parcel) -> Verdict {
    move |parcel: &Parcel| {
        let hit = parcel.link == link && parcel.freight == freight;
        if hit && (from..from + count).contains(&parcel.nth) {
            Verdict::Drop { noticed: None }
        } else {
            Verdict::Pass
        }
    }
}

#[test]
fn three_tabs_at_one_expiry_make_one_refresh_grant() {
    let mut world = quiet();
    for rotation in 1..=20 {
        while generation(&world) == rotation {
            world.act(0, Act::Input);
            world.run_for(SECOND);
        }
        world.run_for(Millis::from_secs(5));
        assert_eq!(states(&world), [State::Active; 3]);
        assert_eq!(world.tally().token_requests, u64::from(rotation));
    }
    settles(&mut world);
}

#[test]
fn without_a_broadcast_channel_tabs_make_more_requests_and_no_more_refresh_grants() {
    let mut requests = Vec::new();
    for channel in [true, false] {
        let mut world = begin(Plan { channel, ..Plan::quiet(3) });
        live(&mut world, HOUR);
        assert_eq!(states(&world), [State::Active; 3]);
        assert_eq!(world.tally().token_requests, world.tally().rotations);
        requests.push(world.tally().requests);
        settles(&mut world);
    }
    assert!(requests[0] < requests[1], "{requests:?}");
}

#[test]
fn a_lost_answer_between_worker_and_tab_costs_no_rotation_and_no_session() {
    let mut world = begin(Plan { tabs: 1, ..Plan::quiet(4) });
    world.rule(lose(Link::FromWorker, Freight::Token, 0, 1));
    world.run_for(Millis::from_secs(130));
    assert_eq!(states(&world), [State::Active]);
    assert_eq!(world.tally().lost, 0);
    assert_eq!(world.tally().token_requests, u64::from(generation(&world)) - 1);
    settles(&mut world);
}

#[test]
fn after_a_sleep_of_hours_the_first_question_brings_everybody_back() {
    for mono_stops in [true, false] {
        let mut world = begin(Plan { mono_stops, ..Plan::quiet(5) });
        world.break_it(Fault::Sleep(Millis::from_secs(8 * 3_600)));
        world.run_for(Millis::from_secs(8 * 3_600 - 1));
        // Asleep, nobody asks for anything.
        assert_eq!(world.tally().token_requests, 0);
        world.run_for(MINUTE);
        assert_eq!(states(&world), [State::Active; 3], "mono_stops: {mono_stops}");
        assert_eq!(status(&world), Status::Live);
        settles(&mut world);
    }
}

#[test]
fn a_call_right_after_a_sleep_waits_for_a_token_that_lives() {
    let mut world = begin(Plan { mono_stops: true, ..Plan::quiet(6) });
    world.break_it(Fault::Sleep(HOUR));
    live(&mut world, HOUR);
    world.run_for(Millis::from_millis(1));
    world.act(0, Act::Call);
    assert!(world.browser().oldest_call().is_some());
    world.run_for(Millis::from_secs(20));
    assert_eq!(world.browser().oldest_call(), None, "the call was answered");
    settles(&mut world);
}

#[test]
fn a_clock_that_is_an_hour_off_makes_no_storm() {
    for clock_ahead in [3_600_000, -3_600_000, 86_400_000] {
        let mut world = begin(Plan { clock_ahead, ..Plan::quiet(7) });
        live(&mut world, HOUR);
        assert_eq!(states(&world), [State::Active; 3]);
        // A token of a minute is renewed some 50 s after the one before.
        let rotations = world.tally().rotations;
        assert!((60..=80).contains(&rotations), "{rotations} rotations in an hour");
        assert_eq!(world.tally().token_requests, rotations);
        settles(&mut world);
    }
}

#[test]
fn a_clock_that_is_set_costs_one_question_a_tab() {
    let mut world = quiet();
    let before = world.tally().requests;
    for by in [3_600_000, -3_600_000] {
        world.break_it(Fault::ClockStep(by));
        for tab in 0..3 {
            world.act(tab, Act::Look);
        }
        world.run_for(Millis::from_secs(2));
    }
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!(world.tally().requests - before, 6);
    assert_eq!(world.tally().token_requests, 0);
    settles(&mut world);
}

#[test]
fn clocks_of_hosts_that_are_set_cost_nothing() {
    for ahead in [1_000, -1_000] {
        let mut world = quiet();
        for turn in 0..60 {
            let ahead = if turn % 2 == 0 { ahead } else { -ahead };
            world.break_it(Fault::VaultClock(ahead));
            world.break_it(Fault::EscrowClock(-ahead));
            world.break_it(Fault::Restart);
            world.run_for(MINUTE);
        }
        assert_eq!(states(&world), [State::Active; 3]);
        assert_eq!((world.tally().lost, world.tally().sessions), (0, 1));
        settles(&mut world);
    }
}

#[test]
fn a_worker_that_restarts_while_nothing_is_asked_costs_nothing() {
    let mut world = quiet();
    for _ in 0..50 {
        world.break_it(Fault::Restart);
        world.run_for(Millis::from_secs(17));
    }
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!((world.tally().lost, world.tally().answers_lost), (0, 0));
    settles(&mut world);
}

#[test]
fn a_storm_of_503_never_logs_out() {
    let mut world = quiet();
    for _ in 0..60 {
        world.break_it(Fault::Sick);
        live(&mut world, MINUTE);
        assert_eq!(status(&world), Status::Live);
    }
    assert!(states(&world).iter().all(|state| matches!(state, State::Degraded | State::Refreshing)));
    // With half a minute between attempts at the most, and never two at once.
    let asked = world.tally().token_requests;
    assert!((60..=400).contains(&asked), "{asked} token requests in a sick hour");
    settles(&mut world);
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!(world.tally().sessions, 1);
}

#[test]
fn a_429_is_obeyed_by_all_tabs_together() {
    let mut world = quiet();
    world.break_it(Fault::Throttle(Millis::from_secs(900)));
    world.run_for(Millis::from_secs(899));
    // One question told the vault, and nobody asked again.
    assert_eq!(world.tally().token_requests, 1);
    assert_eq!(status(&world), Status::Live);
    world.run_for(Millis::from_secs(30));
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!(world.tally().token_requests, 2);
    settles(&mut world);
}

#[test]
fn a_429_without_retry_after_is_met_with_backoff() {
    let mut world = quiet();
    world.break_it(Fault::ThrottleUntold);
    live(&mut world, HOUR);
    assert_eq!(status(&world), Status::Live);
    let asked = world.tally().token_requests;
    assert!((60..=400).contains(&asked), "{asked} token requests");
    settles(&mut world);
    assert_eq!(states(&world), [State::Active; 3]);
}

#[test]
fn a_wrong_client_secret_costs_no_session_once_an_operator_has_mended_it() {
    let mut world = quiet();
    world.break_it(Fault::Estranged);
    live(&mut world, HOUR);
    assert_eq!(status(&world), Status::Live);
    settles(&mut world);
    assert_eq!(states(&world), [State::Active; 3]);
}

#[test]
fn a_grant_that_is_ended_at_the_server_asks_the_user() {
    let mut world = quiet();
    world.break_it(Fault::Revoke);
    world.run_for(Millis::from_secs(90));
    assert_eq!(status(&world), Status::ReauthRequired(ReauthReason::Revoked));
    is_asked(&mut world);
    assert_eq!(states(&world), [State::ReauthRequired; 3]);
    assert_eq!((world.tally().revoked, world.tally().lost), (1, 0));
    settles(&mut world);
}

#[test]
fn a_redirect_that_fails_is_not_begun_again_by_the_page_that_comes_back() {
    let mut world = begin(Plan { tabs: 1, frames: false, server_login: HOUR, ..Plan::quiet(30) });
    world.break_it(Fault::Revoke);
    world.run_for(Millis::from_secs(90));
    assert_eq!(status(&world), Status::ReauthRequired(ReauthReason::Revoked));
    world.break_it(Fault::Sick);
    let asked = world.tally().asks;
    // A page that has just loaded may leave; a popup it has no gesture for.
    world.act(0, Act::Reload);
    world.run_for(MINUTE);
    assert_eq!(states(&world), [State::ReauthRequired]);
    // Where it stands, before it left and after it came back.
    assert_eq!(world.tally().asks - asked, 2);
    // The server is well again: nobody leaves by himself all the same, and a login is what helps.
    world.break_it(Fault::Well);
    world.act(0, Act::Reload);
    world.run_for(MINUTE);
    assert_eq!((states(&world), world.tally().silent_relogins), (vec![State::ReauthRequired], 0));
    world.act(0, Act::Login);
    world.run_for(MINUTE);
    assert_eq!(states(&world), [State::Active]);
    settles(&mut world);
}

#[test]
fn a_session_that_nobody_uses_ends_by_its_idle_limit_though_tabs_keep_it_fresh() {
    let mut plan = Plan::quiet(9);
    plan.policy.idle_limit = Millis::from_secs(1_800);
    let mut world = begin(plan);
    for _ in 0..20 {
        // The app polls, the tab refreshes; the user is away.
        world.act(0, Act::Poll);
        world.run_for(MINUTE);
    }
    assert_eq!(status(&world), Status::Live);
    world.run_for(Millis::from_secs(700));
    assert_eq!(status(&world), Status::Ended(EndReason::IdleLimit));
    keeps_the_laws(&world);
}

#[test]
fn a_session_that_is_used_outlives_its_idle_limit() {
    let mut plan = Plan::quiet(10);
    plan.policy.idle_limit = Millis::from_secs(1_800);
    let mut world = begin(plan);
    for _ in 0..120 {
        world.act(0, Act::Input);
        world.run_for(MINUTE);
    }
    assert_eq!(states(&world), [State::Active; 3]);
    settles(&mut world);
}

#[test]
fn a_tab_that_was_frozen_for_an_hour_catches_up() {
    let mut world = begin(Plan { tabs: 1, ..Plan::quiet(11) });
    world.break_it(Fault::Freeze(HOUR));
    live(&mut world, HOUR);
    world.run_for(Millis::from_secs(10));
    assert_eq!(states(&world), [State::Active]);
    settles(&mut world);
}
