//! What goes wrong while a token request is under way: on its way there, on its way back, or with whoever waits for it.

use super::*;

/// Something breaks while the answer of the authorization server is on its way, which takes a second.
fn breaks_mid_refresh(reuse: Reuse, fault: Fault) -> World {
    let mut world = begin(Plan::quiet_with(8, reuse));
    world.rule(|parcel: &Parcel| match (parcel.link, parcel.nth) {
        (Link::FromServer, 0) => Verdict::Deliver(SECOND),
        _ => Verdict::Pass,
    });
    while world.tally().token_requests == 0 {
        world.run_for(Millis::from_millis(20));
    }
    world.break_it(fault);
    world.run_for(Millis::from_secs(100));
    assert_eq!(world.tally().restarts, 1);
    world
}

#[test]
fn a_vault_that_is_reset_mid_refresh_gets_the_answer_from_its_escrow() {
    for reuse in Reuse::ALL {
        let mut world = breaks_mid_refresh(reuse, Fault::Restart);
        assert_eq!(states(&world), [State::Active; 3], "{reuse:?}");
        let tally = world.tally();
        assert_eq!(
            (tally.recovered, tally.replayed, tally.lost, tally.answers_lost),
            (1, 0, 0, 0),
            "{reuse:?}"
        );
        assert_eq!(tally.sessions, 1);
        settles(&mut world);
    }
}

#[test]
fn a_rotator_that_dies_with_the_answer_costs_what_the_server_does_not_forgive() {
    for reuse in Reuse::ALL {
        let mut world = breaks_mid_refresh(reuse, Fault::Crash);
        let tally = world.tally();
        assert_eq!((tally.answers_lost, tally.recovered), (1, 0), "{reuse:?}");
        match reuse {
            Reuse::RevokesFamily | Reuse::Refused => {
                assert_eq!(status(&world), Status::ReauthRequired(ReauthReason::RotationLost), "{reuse:?}");
                assert_eq!((tally.lost, tally.replayed), (1, 0));
            }
            Reuse::RevokesUser => {
                // Nobody asks: it could cost the user's other devices.
                assert_eq!(status(&world), Status::ReauthRequired(ReauthReason::Ambiguous));
                assert_eq!((tally.lost, tally.token_requests), (1, 1));
            }
            Reuse::SamePair(_)
            | Reuse::NewSibling(_)
            | Reuse::ActiveToken
            | Reuse::Unnoticed
            | Reuse::NotRotating => {
                assert_eq!(status(&world), Status::Live, "{reuse:?}");
                assert_eq!((tally.lost, tally.replayed), (0, 1), "{reuse:?}");
            }
        }
        settles(&mut world);
    }
}

#[test]
fn other_devices_of_the_user_are_never_risked() {
    let mut world = begin(Plan::quiet_with(12, Reuse::RevokesUser));
    let other = world.other_device();
    for nth in [0, 1, 2] {
        world.rule(lose(Link::FromServer, Freight::Refresh, nth, 1));
    }
    for _ in 0..20 {
        live(&mut world, MINUTE);
        if world.state(0) == State::ReauthRequired {
            world.act(0, Act::Login);
        }
    }
    assert_eq!(world.tally().lost, 3);
    assert!(!world.is_revoked(other));
    settles(&mut world);
}

#[test]
fn an_order_that_never_arrives_is_given_again() {
    // Silence: only the escrow can prove that nothing was sent.
    let mut world = begin(Plan::quiet(13));
    world.rule(lose(Link::ToRotator, Freight::Order, 0, 1));
    world.run_for(Millis::from_secs(150));
    assert_eq!(states(&world), [State::Active; 3]);
    let tally = world.tally();
    assert_eq!((tally.resent, tally.lost), (1, 0));
    assert_eq!(tally.token_requests, u64::from(generation(&world)) - 1);
    settles(&mut world);
}

#[test]
fn an_order_that_is_delivered_twice_or_late_is_sent_once() {
    for late in [Millis::from_millis(90), Millis::from_secs(14)] {
        let mut world = begin(Plan::quiet(14));
        world.rule(move |parcel: &Parcel| match parcel.link {
            Link::ToRotator => Verdict::Twice(Millis::from_millis(5), late),
            _ => Verdict::Pass,
        });
        live(&mut world, HOUR);
        assert_eq!(states(&world), [State::Active; 3]);
        assert_eq!(world.tally().token_requests, u64::from(generation(&world)) - 1);
        settles(&mut world);
    }
}

#[test]
fn an_answer_that_the_vault_is_not_told_comes_from_the_escrow() {
    let mut world = quiet();
    world.rule(lose(Link::FromRotator, Freight::Order, 2, 3));
    world.run_for(Millis::from_secs(900));
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!((world.tally().recovered, world.tally().lost), (3, 0));
    settles(&mut world);
}

#[test]
fn a_success_that_nobody_can_read_is_resolved_as_the_server_forgives() {
    for (reuse, lost) in [(Reuse::RevokesFamily, 1), (Reuse::ActiveToken, 0)] {
        let mut world = begin(Plan::quiet_with(15, reuse));
        world.break_it(Fault::Garbled);
        while world.tally().token_requests == 0 {
            world.run_for(SECOND);
        }
        world.break_it(Fault::Well);
        world.run_for(Millis::from_secs(120));
        assert_eq!(world.tally().lost, lost, "{reuse:?}");
        settles(&mut world);
    }
}

#[test]
fn an_old_access_token_that_dies_at_the_refresh_costs_no_call() {
    let mut world = begin(Plan { kills_access: true, ..Plan::quiet(17) });
    for _ in 0..600 {
        world.act(0, Act::Call);
        world.act(1, Act::Call);
        world.run_for(SECOND);
    }
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!(world.browser().oldest_call(), None);
    settles(&mut world);
}

#[test]
fn a_lost_answer_of_a_strict_server_ends_in_a_question_and_not_in_a_logout() {
    let mut world = quiet();
    world.rule(lose(Link::FromServer, Freight::Refresh, 3, 1));
    world.run_for(Millis::from_secs(400));
    assert_eq!(generation(&world), 4, "the fourth answer was lost");
    assert_eq!(status(&world), Status::ReauthRequired(ReauthReason::RotationLost));
    is_asked(&mut world);
    assert_eq!(states(&world), [State::ReauthRequired; 3]);
    assert_eq!((world.tally().lost, world.tally().revoked, world.tally().logouts), (1, 0, 0));
    // Its user logs in once, and the same session goes on.
    while world.state(0) == State::ReauthRequired {
        world.act(0, Act::Login);
        world.run_for(MINUTE);
    }
    assert_eq!(world.state(0), State::Active);
    assert_eq!(world.tally().sessions, 1);
    settles(&mut world);
}

#[test]
fn an_answer_that_is_still_on_its_way_when_its_rotator_has_ended_is_the_worlds_doing() {
    let mut world = begin(Plan { reuse: Reuse::RevokesFamily, ..Plan::quiet(1) });
    // The runtime gives a rotator thirty seconds, and the answer comes in an hour: its user is asked long before.
    world.rule(|parcel: &Parcel| match (parcel.link, parcel.freight, parcel.nth) {
        (Link::FromServer, Freight::Refresh, 3) => Verdict::Deliver(HOUR),
        _ => Verdict::Pass,
    });
    world.run_for(Millis::from_secs(400));
    assert_eq!(status(&world), Status::ReauthRequired(ReauthReason::RotationLost));
    is_asked(&mut world);
    while world.state(0) == State::ReauthRequired {
        world.act(0, Act::Login);
        world.run_for(MINUTE);
    }
    assert_eq!((world.tally().lost_to_user, world.tally().unrecoverable), (0, 1));
}

#[test]
fn a_lost_token_request_costs_nothing() {
    let mut world = quiet();
    world.rule(lose(Link::ToServer, Freight::Refresh, 1, 2));
    world.run_for(Millis::from_secs(400));
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!((world.tally().lost, status(&world)), (0, Status::Live));
    settles(&mut world);
}

#[test]
fn a_login_that_is_delivered_again_after_rotations_leaves_the_grant_alone() {
    let mut world = quiet();
    for _ in 0..5 {
        world.run_for(MINUTE);
        world.repeat_login(Millis::ZERO);
    }
    world.run_for(MINUTE);
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!((world.tally().sessions, world.tally().revoked, world.tally().lost), (1, 0, 0));
    settles(&mut world);
}

#[test]
fn an_answer_of_the_server_that_comes_twice_is_taken_once() {
    let mut world = quiet();
    world.rule(|parcel: &Parcel| match parcel.link {
        Link::FromServer => Verdict::Twice(Millis::from_millis(80), SECOND),
        _ => Verdict::Pass,
    });
    live(&mut world, HOUR);
    assert_eq!(states(&world), [State::Active; 3]);
    assert_eq!(u64::from(generation(&world)), world.tally().token_requests + 1);
    settles(&mut world);
}

#[test]
fn a_login_while_a_token_request_is_under_way_renews_the_session_at_once() {
    for seed in 0..20 {
        let mut world = begin(Plan { access_lifetime: Millis::from_secs(20), ..Plan::quiet(seed) });
        world.rule(lose(Link::ToServer, Freight::Refresh, 0, 1));
        world.run_for(Millis::from_secs(16));
        world.act(0, Act::Login);
        // The new grant is due for its first refresh before the request of the old one counts as lost.
        world.run_for(Millis::from_secs(60));
        assert_eq!((world.tally().sessions, status(&world)), (1, Status::Live));
        settles(&mut world);
    }
}
