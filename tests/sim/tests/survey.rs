//! The survey, with few users: what it says of Everlit must be so in every run, and the counters must be able to say otherwise.

use everlit_sim::plan::Plan;
use everlit_sim::world::World;
use everlit_tests_sim::{Survey, survey};

#[test]
fn few_users_lose_nothing_and_a_naive_client_loses_much() {
    let survey = Survey::of(60, 1);
    assert_eq!(survey.problems(), Vec::<String>::new(), "{}", survey.table());
    assert!(survey.everlit.token_requests > 10_000, "{}", survey.table());
    assert!(survey.naive.lost > 600, "{}", survey.table());
    let line = survey.json();
    for field in [
        "{\"users\":60,\"tabs\":3,\"days\":30,\"seed\":1,",
        "\"everlit\":{\"lost\":0,\"unrecoverable\":",
        ",\"silent_relogins\":",
        ",\"naive\":{\"lost\":",
        "},\"tab_days_per_s\":",
    ] {
        assert!(line.contains(field), "{line}");
    }
}

#[test]
fn the_same_users_are_the_same_survey() {
    let counts = |_| {
        let survey = Survey::of(6, 100);
        (survey.everlit, survey.naive)
    };
    assert_eq!(counts(0), counts(1));
}

#[test]
fn an_operator_who_takes_a_forgiving_server_for_a_strict_one_is_counted() {
    // The second of three users has the server with 10 s grace. Nobody repeats anything there if nobody knows of the grace, and
    // what that costs is our own doing.
    let lost: u64 = (0..40)
        .map(|user| {
            let plan = Plan::month(3 * user + 1);
            let policy = everlit_core::vault::Policy {
                grace: everlit_core::vault::GraceProfile::STRICT,
                ..plan.policy
            };
            World::month(Plan { policy, ..plan }, survey::DAYS).tally.lost_to_user
        })
        .sum();
    assert!(lost > 0);
}
