//! Every law is shown to be able to fail: a machine, a driver or a network that is wrong in one way is noticed by exactly
//! the law that forbids it.
#![allow(clippy::wildcard_enum_match_arm, reason = "a test says what is wrong by failing")]

use everlit_core::law::Law;
use everlit_core::retry::Failure;
use everlit_core::tab::{self, Tab};
use everlit_core::time::{Millis, Moment};
use everlit_core::vault::{self, Phase, Policy, Row, Status, Vault};
use everlit_sim::authorization_server::Reuse;
use everlit_sim::fault::Fault;
use everlit_sim::machine::{Cast, TabMachine, VaultMachine};
use everlit_sim::network::{Freight, Link, Parcel, Verdict};
use everlit_sim::plan::{Flaw, Plan, Storm};
use everlit_sim::user::Act;
use everlit_sim::world::World;

/// A vault that is wrong: `bend` turns what the true one would do into what this one does.
struct BentVault {
    vault: Vault,
    bend: fn(&mut Vault, Moment, vault::Event) -> vault::Effects,
}

impl VaultMachine for BentVault {
    fn step(&mut self, now: Moment, event: vault::Event) -> vault::Effects {
        (self.bend)(&mut self.vault, now, event)
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }
}

/// A tab that is wrong. It may remember one earlier self.
struct BentTab {
    tab: Tab,
    earlier: Option<Tab>,
    bend: fn(&mut Self, Moment, tab::Event) -> tab::Effects,
}

impl BentTab {
    fn boxed(bend: fn(&mut Self, Moment, tab::Event) -> tab::Effects) -> Box<dyn TabMachine> {
        Box::new(Self { tab: Tab::default(), earlier: None, bend })
    }
}

impl TabMachine for BentTab {
    fn step(&mut self, now: Moment, event: tab::Event) -> tab::Effects {
        (self.bend)(self, now, event)
    }

    fn tab(&self) -> &Tab {
        &self.tab
    }
}

fn with_vault(vault: fn(Policy, Row) -> Box<dyn VaultMachine>) -> Plan {
    Plan { cast: Cast { vault, ..Cast::default() }, ..Plan::quiet(1) }
}

fn with_tab(tab: fn() -> Box<dyn TabMachine>) -> Plan {
    Plan { cast: Cast { tab, ..Cast::default() }, ..Plan::quiet(1) }
}

/// Ten minutes, the user looking at things, and a calm. The law that was broken.
fn broken_by(plan: Plan, story: impl Fn(&mut World)) -> Option<(Law, &'static str)> {
    let mut world = World::new(plan);
    world.begin();
    story(&mut world);
    world.run_for(Millis::from_secs(600));
    world.calm();
    world.report().breach.map(|breach| {
        assert!(!breach.tail.is_empty());
        assert!(breach.to_string().contains(breach.law.as_str()));
        assert!(breach.replay.contains("--seed 1 "));
        (breach.law, breach.what)
    })
}

fn law_of(plan: Plan, story: impl Fn(&mut World)) -> Option<Law> {
    broken_by(plan, story).map(|(law, _)| law)
}

const fn nothing(_: &mut World) {}

#[test]
fn nothing_is_broken_by_the_true_machines() {
    assert_eq!(broken_by(Plan::quiet(1), nothing), None);
}

#[test]
fn a_network_that_doubles_a_token_request_is_noticed() {
    let doubles = |world: &mut World| {
        world.rule(|parcel: &Parcel| match (parcel.link, parcel.freight) {
            (Link::ToServer, Freight::Refresh) => {
                Verdict::Twice(Millis::from_millis(50), Millis::from_millis(90))
            }
            _ => Verdict::Pass,
        });
    };
    assert_eq!(law_of(Plan::quiet(1), doubles), Some(Law::OneTokenRequestInFlight));
}

#[test]
fn a_vault_that_sends_two_token_requests_is_noticed() {
    fn sends_twice(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        vault
            .step(now, event)
            .into_iter()
            .flat_map(|effect| {
                let again = match &effect {
                    vault::Effect::RequestToken { .. } => Some(effect.clone()),
                    _ => None,
                };
                [effect].into_iter().chain(again)
            })
            .collect()
    }
    let plan =
        with_vault(|policy, row| Box::new(BentVault { vault: Vault::load(policy, row), bend: sends_twice }));
    assert_eq!(law_of(plan, nothing), Some(Law::OneTokenRequestInFlight));
}

#[test]
fn a_vault_that_forgets_its_intent_at_a_restart_is_noticed() {
    // The object restarts while its request is under way, and this vault asks again without waiting for that one's limit.
    let plan = with_vault(|policy, row| {
        Box::new(Vault::load(policy, Row { intent: None, not_before: Default::default(), ..row }))
    });
    let plan = Plan { storm: Storm { spares_answers: false, ..plan.storm }, ..plan };
    let restarts = |world: &mut World| {
        world.rule(|parcel: &Parcel| match parcel.link {
            Link::FromServer => Verdict::Deliver(Millis::from_secs(20)),
            _ => Verdict::Pass,
        });
        while world.tally().token_requests == 0 {
            world.run_for(Millis::from_millis(20));
        }
        world.break_it(Fault::Restart);
    };
    assert_eq!(law_of(plan, restarts), Some(Law::OneTokenRequestInFlight));
}

#[test]
fn a_vault_that_does_not_write_its_rows_is_noticed() {
    fn writes_nothing(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        let login = matches!(event, vault::Event::LoginCommitted(_));
        vault
            .step(now, event)
            .into_iter()
            .filter(|effect| login || !matches!(effect, vault::Effect::Persist))
            .collect()
    }
    let plan = with_vault(|policy, row| {
        Box::new(BentVault { vault: Vault::load(policy, row), bend: writes_nothing })
    });
    assert_eq!(law_of(plan, nothing), Some(Law::DurableBeforeVisible));
}

#[test]
fn a_storage_that_forgets_is_noticed() {
    let plan = Plan { flaw: Some(Flaw::StoreForgets), ..Plan::quiet(1) };
    let restarts = |world: &mut World| {
        world.run_for(Millis::from_secs(120));
        world.break_it(Fault::Restart);
    };
    // One write back is the intent of the last rotation; the write before the row of the token that everybody holds.
    assert_eq!(law_of(plan, restarts), Some(Law::DurableBeforeVisible));
}

#[test]
fn a_tab_that_goes_back_to_an_older_token_is_noticed() {
    fn goes_back(bent: &mut BentTab, now: Moment, event: tab::Event) -> tab::Effects {
        let effects = bent.tab.step(now, event);
        match (&bent.earlier, bent.tab.stamp()) {
            (None, Some(_)) => bent.earlier = Some(bent.tab.clone()),
            // A page that is put back as it was, without asking anybody.
            (Some(earlier), Some(held)) if held.generation.0 >= 3 => bent.tab = earlier.clone(),
            _ => {}
        }
        effects
    }
    let plan = with_tab(|| BentTab::boxed(goes_back));
    assert_eq!(law_of(plan, nothing), Some(Law::NewestWins));
}

#[test]
fn a_vault_that_comes_back_after_a_logout_is_noticed() {
    fn comes_back(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        let before = vault.row();
        let asked = matches!(event, vault::Event::TokenAsked { .. });
        let effects = vault.step(now, event);
        if asked && matches!(before.status, Status::Ended(_)) {
            *vault = Vault::load(
                Plan::quiet(1).policy,
                Row {
                    status: Status::Live,
                    access_token: Some(everlit_core::secret::Secret::new(String::from("a0"))),
                    active_at: now.wall,
                    absolute_at: now.wall.after(Millis::from_days(1)),
                    ..before
                },
            );
        }
        effects
    }
    let plan =
        with_vault(|policy, row| Box::new(BentVault { vault: Vault::load(policy, row), bend: comes_back }));
    let logs_out = |world: &mut World| {
        // The answer to the logout is lost, and the cookie stays: the tabs ask the vault whose session is over.
        world.rule(|parcel: &Parcel| match (parcel.link, parcel.freight) {
            (Link::FromWorker, Freight::Logout | Freight::Socket) => Verdict::Drop { noticed: None },
            _ => Verdict::Pass,
        });
        world.run_for(Millis::from_secs(5));
        world.act(0, Act::Logout);
    };
    assert_eq!(law_of(plan, logs_out), Some(Law::LogoutIsFinal));
}

fn logs_out(world: &mut World) {
    world.run_for(Millis::from_secs(5));
    world.act(0, Act::Logout);
}

#[test]
fn a_vault_that_leaves_its_grant_behind_is_noticed() {
    fn leaves_it(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        let effects = vault.step(now, event);
        *vault = Vault::load(Plan::quiet(1).policy, Row { outbox: vault::Outbox::default(), ..vault.row() });
        effects.into_iter().filter(|effect| !matches!(effect, vault::Effect::Revoke { .. })).collect()
    }
    let plan =
        with_vault(|policy, row| Box::new(BentVault { vault: Vault::load(policy, row), bend: leaves_it }));
    assert_eq!(law_of(plan, logs_out), Some(Law::LogoutIsFinal));
}

#[test]
fn a_driver_that_revokes_nothing_is_noticed() {
    // Seen from the world alone: the vault believes that it was done.
    assert_eq!(
        broken_by(Plan { flaw: Some(Flaw::RevokesNothing), ..Plan::quiet(1) }, logs_out),
        Some((Law::LogoutIsFinal, "the grant of an ended session lives on at the server"))
    );
}

#[test]
fn a_vault_that_forgets_what_it_left_under_way_is_noticed() {
    // The user logs out in the middle of a rotation, the object restarts, and the escrow has the answer: its token must go.
    let story = |world: &mut World| {
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
    };
    let plan = Plan { revokes_one: true, ..Plan::quiet(1) };
    assert_eq!(law_of(plan, story), None);
    let vault =
        |policy, row| -> Box<dyn VaultMachine> { Box::new(Vault::load(policy, Row { orphan: None, ..row })) };
    let plan = Plan { cast: Cast { vault, ..plan.cast }, ..plan };
    assert_eq!(
        broken_by(plan, story),
        Some((Law::LogoutIsFinal, "the grant of an ended session lives on at the server"))
    );
}

#[test]
fn an_escrow_that_lets_every_claim_win_is_noticed() {
    let twice = |world: &mut World| {
        world.rule(|parcel: &Parcel| match parcel.link {
            Link::ToRotator => Verdict::Twice(Millis::from_millis(5), Millis::from_millis(8)),
            _ => Verdict::Pass,
        });
    };
    assert_eq!(law_of(Plan::quiet(1), twice), None, "delivered twice, sent once");
    let plan = Plan { flaw: Some(Flaw::EveryClaimWins), ..Plan::quiet(1) };
    assert_eq!(law_of(plan, twice), Some(Law::OneTokenRequestInFlight));
}

#[test]
fn an_escrow_that_forgets_what_it_was_to_keep_is_noticed() {
    let resets = |world: &mut World| {
        world.rule(|parcel: &Parcel| match parcel.link {
            Link::FromServer => Verdict::Deliver(Millis::from_secs(1)),
            _ => Verdict::Pass,
        });
        while world.tally().token_requests == 0 {
            world.run_for(Millis::from_millis(20));
        }
        world.break_it(Fault::Restart);
    };
    assert_eq!(law_of(Plan::quiet(1), resets), None);
    assert_eq!(
        broken_by(Plan { flaw: Some(Flaw::EscrowForgets), ..Plan::quiet(1) }, resets),
        Some((Law::OnlyTerminalEnds, "a rotation was called lost though no answer was"))
    );
}

#[test]
fn a_vault_that_risks_other_devices_is_noticed() {
    // It takes every server for one that ends no more than this session.
    let vault = |policy, row| -> Box<dyn VaultMachine> {
        Box::new(Vault::load(Policy { grace: Reuse::RevokesFamily.profile(), ..policy }, row))
    };
    let plan = Plan::quiet_with(1, Reuse::RevokesUser);
    let plan = Plan { cast: Cast { vault, ..plan.cast }, ..plan };
    let dies = |world: &mut World| {
        world.rule(|parcel: &Parcel| match (parcel.link, parcel.nth) {
            (Link::FromServer, 0) => Verdict::Drop { noticed: None },
            _ => Verdict::Pass,
        });
    };
    // Seen as the request leaves, before it could do any harm.
    assert_eq!(law_of(plan, dies), Some(Law::OneTokenRequestInFlight));
}

#[test]
fn a_tab_that_takes_up_a_session_after_its_logout_is_noticed() {
    fn comes_back(bent: &mut BentTab, now: Moment, event: tab::Event) -> tab::Effects {
        let effects = bent.tab.step(now, event);
        match (&bent.earlier, bent.tab.state()) {
            (None, tab::State::Active) => bent.earlier = Some(bent.tab.clone()),
            (Some(earlier), tab::State::LoggedOut) if matches!(event, tab::Event::CallAsked { .. }) => {
                bent.tab = earlier.clone();
            }
            _ => {}
        }
        effects
    }
    let plan = with_tab(|| BentTab::boxed(comes_back));
    let logs_out = |world: &mut World| {
        world.run_for(Millis::from_secs(5));
        world.act(0, Act::Logout);
        world.run_for(Millis::from_secs(5));
        world.act(1, Act::Call);
    };
    assert_eq!(law_of(plan, logs_out), Some(Law::LogoutIsFinal));
}

#[test]
fn a_tab_that_takes_an_error_for_a_logout_is_noticed() {
    fn gives_up(bent: &mut BentTab, now: Moment, event: tab::Event) -> tab::Effects {
        let bent_event = match event {
            tab::Event::TokenAnswered { request, answer: tab::TokenAnswer::Failed { .. } } => {
                tab::Event::TokenAnswered { request, answer: tab::TokenAnswer::LoggedOut }
            }
            _ => event,
        };
        bent.tab.step(now, bent_event)
    }
    let plan = with_tab(|| BentTab::boxed(gives_up));
    assert_eq!(law_of(plan, |world| world.break_it(Fault::Sick)), Some(Law::OnlyTerminalEnds));
}

#[test]
fn a_vault_that_takes_an_error_for_a_revocation_is_noticed() {
    fn gives_up(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        let bent_event = match event {
            vault::Event::TokenAnswered {
                request,
                answer: vault::TokenAnswer::Failed { retry_after, .. },
            } => {
                let failure = Failure::Reauth;
                let answer = vault::TokenAnswer::Failed { failure, retry_after };
                vault::Event::TokenAnswered { request, answer }
            }
            _ => event,
        };
        vault.step(now, bent_event)
    }
    let plan =
        with_vault(|policy, row| Box::new(BentVault { vault: Vault::load(policy, row), bend: gives_up }));
    assert_eq!(law_of(plan, |world| world.break_it(Fault::Sick)), Some(Law::OnlyTerminalEnds));
}

#[test]
fn a_grant_that_ends_without_a_reason_is_noticed() {
    // Seen from the world alone: every machine behaves, and yet a grant is refused that nobody had ended.
    assert_eq!(
        broken_by(Plan::quiet(1), |world| world.revoke_behind_the_scenes(0)),
        Some((Law::OnlyTerminalEnds, "a grant was refused that nobody had ended"))
    );
}

#[test]
fn a_tab_whose_deadline_stands_still_is_noticed() {
    fn stands_still(bent: &mut BentTab, now: Moment, event: tab::Event) -> tab::Effects {
        match event {
            tab::Event::DeadlineReached => [].into_iter().collect(),
            _ => bent.tab.step(now, event),
        }
    }
    let plan = with_tab(|| BentTab::boxed(stands_still));
    assert_eq!(law_of(plan, nothing), Some(Law::DeadlineAlwaysAdvances));
}

#[test]
fn a_vault_whose_deadline_stands_still_is_noticed() {
    fn stands_still(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        match event {
            vault::Event::DeadlineReached => [].into_iter().collect(),
            _ => vault.step(now, event),
        }
    }
    let plan =
        with_vault(|policy, row| Box::new(BentVault { vault: Vault::load(policy, row), bend: stands_still }));
    let silence = |world: &mut World| {
        world.rule(|parcel: &Parcel| match parcel.link {
            Link::ToServer => Verdict::Drop { noticed: None },
            _ => Verdict::Pass,
        });
    };
    assert_eq!(law_of(plan, silence), Some(Law::DeadlineAlwaysAdvances));
}

#[test]
fn a_driver_that_takes_a_refresh_for_activity_is_noticed() {
    let plan = Plan { flaw: Some(Flaw::RefreshCountsAsActivity), ..Plan::quiet(1) };
    assert_eq!(law_of(plan, nothing), Some(Law::ActivityIsNotRefresh));
}

#[test]
fn a_vault_that_prolongs_a_session_by_itself_is_noticed() {
    fn prolongs(vault: &mut Vault, now: Moment, event: vault::Event) -> vault::Effects {
        let effects = vault.step(now, event);
        if let Phase::Live(_) = vault.phase()
            && effects.iter().any(|effect| matches!(effect, vault::Effect::Report(_)))
        {
            *vault = Vault::load(Plan::quiet(1).policy, Row { active_at: now.wall, ..vault.row() });
        }
        effects
    }
    let plan =
        with_vault(|policy, row| Box::new(BentVault { vault: Vault::load(policy, row), bend: prolongs }));
    assert_eq!(law_of(plan, nothing), Some(Law::ActivityIsNotRefresh));
}

#[test]
fn a_tab_that_never_asks_again_is_noticed() {
    fn never_asks(bent: &mut BentTab, now: Moment, event: tab::Event) -> tab::Effects {
        bent.tab
            .step(now, event)
            .into_iter()
            .filter(|effect| !matches!(effect, tab::Effect::RequestToken { .. }))
            .collect()
    }
    let plan = with_tab(|| BentTab::boxed(never_asks));
    assert_eq!(
        broken_by(plan, nothing),
        Some((Law::EverySessionSettles, "a tab did not settle after faults stopped"))
    );
}

#[test]
fn a_tab_that_forgets_a_call_is_noticed() {
    fn forgets(bent: &mut BentTab, now: Moment, event: tab::Event) -> tab::Effects {
        bent.tab
            .step(now, event)
            .into_iter()
            .filter(|effect| !matches!(effect, tab::Effect::SendCall { .. }))
            .collect()
    }
    let plan = with_tab(|| BentTab::boxed(forgets));
    assert_eq!(
        broken_by(plan, |world| world.act(0, Act::Call)),
        Some((Law::EverySessionSettles, "a call was never answered"))
    );
}

#[test]
fn every_law_but_the_one_that_types_hold_is_shown_to_fail_here() {
    let shown = [
        Law::OneTokenRequestInFlight,
        Law::DurableBeforeVisible,
        Law::NewestWins,
        Law::LogoutIsFinal,
        Law::OnlyTerminalEnds,
        Law::DeadlineAlwaysAdvances,
        Law::ActivityIsNotRefresh,
        Law::EverySessionSettles,
    ];
    let held_by_types: Vec<Law> = Law::ALL.into_iter().filter(|law| !shown.contains(law)).collect();
    assert_eq!(held_by_types, [Law::NoSecretInTab]);
}
