//! Sessions that end: by a logout of this browser, or from elsewhere.

use super::*;

#[test]
fn a_logout_while_the_server_is_sick_ends_the_grant_when_it_is_well() {
    let mut world = quiet();
    world.break_it(Fault::Sick);
    world.act(0, Act::Logout);
    live(&mut world, HOUR);
    assert_eq!(status(&world), Status::Ended(EndReason::Logout));
    assert!(!world.is_revoked(0));
    world.break_it(Fault::Restart);
    world.break_it(Fault::Well);
    live(&mut world, HOUR);
    assert!(world.is_revoked(0));
    settles(&mut world);
}

#[test]
fn a_successor_that_comes_after_the_logout_is_revoked_even_by_a_vault_that_was_reset() {
    // This server ends one refresh token at a time: to revoke the spent one would not be enough.
    let mut world = begin(Plan { revokes_one: true, ..Plan::quiet(16) });
    world.rule(|parcel: &Parcel| match (parcel.link, parcel.freight) {
        (Link::FromServer, Freight::Refresh) => Verdict::Deliver(Millis::from_secs(10)),
        _ => Verdict::Pass,
    });
    while world.tally().token_requests == 0 {
        world.run_for(Millis::from_millis(20));
    }
    world.act(0, Act::Logout);
    world.run_for(Millis::from_secs(3));
    world.break_it(Fault::Restart);
    world.run_for(MINUTE);
    assert_eq!(world.live_tokens(0), 0);
    settles(&mut world);
}

#[test]
fn a_session_that_is_ended_from_elsewhere_is_over_in_every_tab() {
    for (by, reason) in [
        (Revoker::Admin, EndReason::Admin),
        (Revoker::BackChannel, EndReason::BackChannel),
        (Revoker::OtherDevice, EndReason::OtherDevice),
    ] {
        let mut world = quiet();
        world.break_it(Fault::End(by));
        world.run_for(Millis::from_secs(90));
        assert_eq!(status(&world), Status::Ended(reason));
        assert_eq!(states(&world), [State::Ended; 3]);
        assert_eq!((world.tally().ended, world.is_revoked(0)), (1, true));
        settles(&mut world);
    }
}

#[test]
fn a_session_that_is_ended_on_another_device_leaves_a_grant_that_they_share() {
    let policy = Policy { shared_grant: true, ..Policy::default() };
    for (by, revoked) in
        [(Revoker::Admin, true), (Revoker::BackChannel, false), (Revoker::OtherDevice, false)]
    {
        let mut world = begin(Plan { policy, ..Plan::quiet(19) });
        world.break_it(Fault::End(by));
        world.run_for(Millis::from_secs(90));
        assert_eq!((states(&world), world.is_revoked(0)), (vec![State::Ended; 3], revoked), "{by:?}");
        settles(&mut world);
    }
}

#[test]
fn a_late_answer_to_a_logout_leaves_the_next_login_alone() {
    let mut world = quiet();
    world.rule(|parcel: &Parcel| match (parcel.link, parcel.freight) {
        (Link::FromWorker, Freight::Logout) => Verdict::Deliver(Millis::from_secs(25)),
        _ => Verdict::Pass,
    });
    world.act(0, Act::Logout);
    world.run_for(SECOND);
    world.act(1, Act::Reload);
    world.run_for(SECOND);
    while world.tally().sessions == 1 {
        world.act(1, Act::Login);
        world.run_for(Millis::from_secs(3));
    }
    world.run_for(MINUTE);
    assert_eq!(world.state(1), State::Active);
    settles(&mut world);
}

#[test]
fn a_logout_that_races_a_refresh_is_final_and_leaves_no_grant_behind() {
    for wait in (0..600).step_by(20) {
        let mut world = begin(Plan::quiet(wait));
        while world.tally().requests < 4 {
            world.run_for(Millis::from_millis(5));
        }
        // The refresh is somewhere between tab, Worker and authorization server.
        world.run_for(Millis::from_millis(wait));
        world.act(1, Act::Logout);
        world.run_for(Millis::from_secs(5));
        assert_eq!(status(&world), Status::Ended(EndReason::Logout));
        // A tab hears it from the others or, if its question was open, from the Worker.
        let over = |state: &State| matches!(state, State::LoggedOut | State::Ended);
        assert!(states(&world).iter().all(over), "{:?}", states(&world));
        // The end of a calm looks whether the grant of an ended session lives on.
        settles(&mut world);
        assert!(states(&world).iter().all(over), "{:?}", states(&world));
    }
}
