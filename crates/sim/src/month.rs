//! A month of one user, with Everlit: life happens to the world, and what it costs the user is counted.

use everlit_core::tab::State;
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::Status;

use crate::authorization_server::{Mood, Reuse};
use crate::happening::Happening;
use crate::life::{Incident, Life};
use crate::plan::{DAY, Plan};
use crate::report::Report;
use crate::season::Season;
use crate::user::Act;
use crate::world::World;

impl World {
    /// Plays so many days of a user, and a calm after them in which everybody has to settle.
    #[must_use]
    pub fn month(plan: Plan, days: u64) -> Report {
        let mut world = Self::new(plan);
        world.life = Life::of(plan.seed, days);
        world.stage.network.add(Season);
        world.begin();
        world.plan_life();
        world
            .run_until(Timestamp::default().after(Millis::from_millis(DAY.as_millis().saturating_mul(days))));
        world.calm();
        world.count_rest();
        world.report()
    }

    fn plan_life(&mut self) {
        if let Some((at, incident)) = self.life.pop() {
            self.stage.plan(self.stage.now.until(at), Happening::Life(incident));
        }
    }

    /// Something happens that life brings.
    pub(crate) fn live(&mut self, incident: Incident) {
        self.plan_life();
        let Self { stage, browser, worker, server, .. } = self;
        let tab = browser.in_front();
        match incident {
            Incident::Sleep(time) => {
                browser.clock.sleep(stage.now);
                stage.plan(time, Happening::Wake);
            }
            Incident::Sit => {
                self.at_work = true;
                browser.show(stage, tab);
            }
            Incident::Leave { covers } => {
                self.at_work = false;
                if covers {
                    browser.hide(stage, tab);
                }
            }
            Incident::Switch => {
                let next = tab.saturating_add(1) % browser.tabs().max(1);
                browser.show(stage, next);
            }
            Incident::Input if browser.is_alert(tab) => self.works(tab),
            Incident::Save if browser.is_alert(tab) && is_usable(browser.state(tab)) => {
                browser.input(stage, tab);
                browser.call(stage, tab, true);
            }
            Incident::Reload if browser.is_alert(tab) => browser.open(stage, tab),
            Incident::Input | Incident::Save | Incident::Reload => {}
            Incident::Crash => {
                let crashed = stage.chance.below(browser.tabs());
                browser.crash(stage, crashed);
            }
            Incident::Aside(time) => {
                if browser.is_alert(tab) && browser.freeze(tab) {
                    stage.plan(time, Happening::Thaw { tab });
                }
            }
            Incident::SetClock => browser.clock.set_right(stage.now),
            Incident::Offline(time) => {
                stage.network.offline(stage.now.after(time));
                for tab in 0..browser.tabs() {
                    stage.plan(time.plus(Millis::from_millis(200)), Happening::Online { tab });
                }
            }
            Incident::Reset | Incident::Deploy => {
                if let Some(object) = browser.cookie {
                    worker.restart(stage, object);
                }
                if incident == Incident::Deploy {
                    worker.rotators_die(stage);
                    browser.sockets_break(stage);
                }
            }
            Incident::Sick => {
                server.mood = Mood::Overloaded;
                stage.network.sick = true;
            }
            Incident::Well => {
                server.mood = Mood::Well;
                stage.network.sick = false;
            }
            Incident::Throttle(wait) => server.throttles_next = Some(wait),
        }
    }

    /// The user works in a tab, or goes to log in where that is asked for.
    fn works(&mut self, tab: usize) {
        if is_usable(self.browser.state(tab)) {
            self.act(tab, Act::Input);
        } else {
            self.act(tab, Act::Login);
        }
    }

    /// The user is at the login page of the server, which may know who that is.
    pub(crate) fn count_form(&mut self) {
        if !self.server.knows_user(self.stage.now) {
            self.count_loss();
            self.server.form_filled(self.stage.now);
        }
    }

    /// A form is shown, or will be when the user comes back.
    fn count_loss(&mut self) {
        let Some(object) = self.browser.cookie else { return };
        let excused = self.is_excused(object);
        let tally = &mut self.stage.tally;
        match self.worker.row(object).map(|row| row.status) {
            // Logout, revocation and limits are no losses.
            Some(Status::Ended(_) | Status::Vacant) => {}
            Some(Status::ReauthRequired(_)) if excused => {
                tally.unrecoverable = tally.unrecoverable.saturating_add(1);
                // What was refused in such a session is part of that.
                self.stage.input_lost = 0;
                if tally.lost_to_user == 0 {
                    self.stage.loss = None;
                }
            }
            Some(Status::ReauthRequired(_) | Status::Live) | None => {
                tally.lost_to_user = tally.lost_to_user.saturating_add(1);
                self.stage.tell_loss();
            }
        }
    }

    /// Whether only the world can be blamed for a grant that is lost.
    fn is_excused(&self, object: usize) -> bool {
        self.plan.reuse == Reuse::RevokesFamily && self.stage.laws.is_lost_by_the_world(object)
    }

    /// What the end of the month leaves to count.
    fn count_rest(&mut self) {
        let waits = self.browser.cookie.and_then(|object| self.worker.row(object));
        if waits.is_some_and(|row| matches!(row.status, Status::ReauthRequired(_)))
            && !self.server.knows_user(self.stage.now)
        {
            self.count_loss();
        }
        let tally = &mut self.stage.tally;
        tally.lost_to_user = tally.lost_to_user.saturating_add(self.stage.input_lost);
    }
}

/// Whether a user can work in a tab that is in this state.
const fn is_usable(state: State) -> bool {
    match state {
        State::Active | State::Refreshing | State::Resuming | State::Degraded | State::LoggingIn => true,
        State::LoggedOut | State::ReauthRequired | State::Ended => false,
    }
}
