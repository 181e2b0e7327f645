//! Time, and how worlds that differ in nothing that matters are made the same.

use crate::shared::Shared;

use everlit_core::id::Generation;
use everlit_core::law::{Broken, Law, VaultWatch};
use everlit_core::schedule::{INTERVAL_MIN, vault_lead};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{
    Blast, Errand, Event, Outbox, Phase, ReauthReason, Row, Status, Tally, Vault, Window,
};

use crate::names::USELESS;
use crate::server::Token;
use crate::turn::broken;
use crate::world::{LIFETIME, ORIGIN, Post, Rotator, Setup, Step, TICK, World, login, number};

/// What is further ahead than this is not waited for: the limits of the session.
const HORIZON: Millis = Millis::from_secs(3_600);

impl World {
    /// Whether alarm or timer have come.
    pub fn deadline_is_due(&self) -> bool {
        self.next_bell().is_some_and(|at| at <= self.now)
    }

    /// Alarm or timer. A timer lives as long as somebody waits.
    fn next_bell(&self) -> Option<Timestamp> {
        let timer =
            self.vault.next_deadline().filter(|_| self.tabs.iter().any(|tab| tab.waits_for.is_some()));
        [self.alarm, timer].into_iter().flatten().min()
    }

    /// Whether this request has waited long enough for its answer.
    pub fn is_to_be_aborted(&self, setup: &Setup, rotator: &Rotator) -> bool {
        let waits = matches!(rotator.step, Step::Claimed | Step::Sent);
        waits && rotator.alive && rotator.claimed_at.after(setup.policy().grace.abort_after()) <= self.now
    }

    /// The next time at which something may come out differently; nothing while something cannot wait until then.
    pub fn next_tick(&self, setup: &Setup) -> Option<Timestamp> {
        let grace = setup.kind.profile();
        let mut times: Vec<Timestamp> = self.next_bell().into_iter().collect();
        let mut latest = ORIGIN.after(Millis::from_days(1));
        if times.iter().any(|at| *at <= self.now) {
            return None;
        }
        for post in &self.posts {
            match post {
                Post::Rotate { send_by, .. } => {
                    // To come too late is a fault.
                    let before = send_by.before(TICK).max(self.now);
                    times.push(before);
                    latest = latest.min(before);
                }
                Post::Told { by, .. } => {
                    times.push(*by);
                    latest = latest.min(*by);
                }
                // The escrow is near, and the revocation endpoint is no part of any race with the clock.
                Post::Close { .. } | Post::Closed { .. } | Post::Revoke { .. } | Post::Revoked { .. } => {
                    return None;
                }
            }
        }
        for rotator in &self.rotators {
            if matches!(rotator.step, Step::Answered(_) | Step::Kept(_)) {
                // To keep an answer takes no time that counts.
                return None;
            }
            let aborted = rotator.claimed_at.after(setup.policy().grace.abort_after());
            let over = rotator.claimed_at.after(setup.kind.request_ends_after());
            if rotator.alive && rotator.step == Step::Sent {
                latest = latest.min(tick_at(aborted));
            }
            if matches!(rotator.step, Step::Claiming | Step::Claimed) {
                // Nobody sends a request whose time is over.
                latest = latest.min(tick_at(aborted).before(TICK));
                // Nor one that comes too late: that is a fault, and found by the others.
                latest = latest.min(rotator.send_by.before(TICK).max(self.now));
            }
            // Whatever is left of it then is ended by the runtime: before that time, not at it.
            latest = latest.min(tick_at(over).before(TICK));
            times.extend([aborted, over.before(TICK)]);
        }
        if let Phase::Live(live) = self.vault.phase() {
            let expires_at = live.access.expires_at;
            let due_at = expires_at.before(vault_lead(LIFETIME));
            times.extend([due_at, expires_at, live.rotated_at.after(INTERVAL_MIN), live.not_before]);
            if let (Some(ambiguous), Window::For(window)) = (live.ambiguous, grace.window) {
                times.push(ambiguous.since.after(window));
            }
        }
        let next = times.into_iter().filter(|at| *at > self.now).min().map(tick_at)?;
        let soon = self.now.until(next) <= HORIZON;
        (soon && next <= latest).then_some(next)
    }

    /// Puts a world at rest back to the origin, and forgets what cannot matter any more.
    pub fn settle_down(&mut self, setup: &Setup) {
        let newest = self.row.stamp.generation.0;
        // Whoever is behind is behind, and when it is over it does not matter.
        let oldest = if self.is_over() { newest } else { newest.saturating_sub(1) };
        for tab in &mut self.tabs {
            tab.holds = tab.holds.max(Generation(oldest));
        }
        self.tabs.sort_unstable();
        self.truth.lost.sort_unstable();
        self.truth.lost.dedup();
        if !self.is_at_rest() {
            return;
        }
        let now = self.now;
        let rebased = |at: Timestamp| ORIGIN.after(now.until(at)).before(at.until(now));
        let ahead = |at: Timestamp| if at <= now { ORIGIN } else { rebased(at) };
        let mut row = Row::clone(&self.row);
        row.access_expires_at = ahead(row.access_expires_at);
        row.rotated_at = rebased(row.rotated_at.max(now.before(INTERVAL_MIN)));
        row.not_before = if row.not_before <= now { Timestamp::default() } else { rebased(row.not_before) };
        row.active_at = ORIGIN;
        row.absolute_at = ORIGIN.after(setup.policy().absolute_limit);
        row.presented = row.presented.min(1);
        row.failures = 0;
        row.tally = Tally::default();
        let errands = row.outbox.errands().iter().map(|errand| Errand {
            since: ORIGIN,
            tries: 1,
            due_at: ahead(errand.due_at),
            ..errand.clone()
        });
        row.outbox = Outbox::load(errands.collect(), row.outbox.next());
        match row.status {
            Status::Ended(_) => {
                row.forget_at = ORIGIN.after(Millis::from_days(1));
                row.stamp.generation = Generation::FIRST;
                self.tabs.iter_mut().for_each(|tab| tab.holds = Generation::FIRST);
            }
            Status::Vacant | Status::ReauthRequired(_) => row.access_expires_at = ORIGIN,
            Status::Live => {}
        }
        if !matches!(row.status, Status::Live) {
            row.access_expires_at = Timestamp::default();
            row.rotated_at = Timestamp::default();
        }
        for post in &mut self.posts {
            match post {
                Post::Told { by: at, .. } | Post::Rotate { send_by: at, .. } => *at = rebased(*at),
                Post::Close { .. } | Post::Closed { .. } | Post::Revoke { .. } | Post::Revoked { .. } => {}
            }
        }
        self.server.rebase(setup.kind, now, ORIGIN);
        self.now = ORIGIN;
        self.rename(setup, &mut row);
        let vault = Vault::load(setup.policy(), row.clone());
        self.watch = Shared::new(fresh_watch(setup, self, &vault));
        self.alarm = self.alarm.and_then(|_| vault.next_alarm());
        self.vault = Shared::new(vault);
        self.row = Shared::new(row);
    }

    /// Nothing is under way but words that come late, and revocations.
    fn is_at_rest(&self) -> bool {
        self.stale.is_none()
            && self.rotators.is_empty()
            && self.row.intent.is_none()
            && self.row.orphan.is_none()
            && self.row.ambiguous.is_none()
            && !self.posts.iter().any(|post| matches!(post, Post::Close { .. } | Post::Closed { .. }))
            && self.tabs.iter().all(|tab| tab.waits_for.is_none())
            && self.vault.row() == *self.row
    }

    /// What must hold of every world, whatever led to it.
    ///
    /// # Errors
    ///
    /// The law that is broken.
    pub fn lawful(&self, setup: &Setup) -> Result<(), Broken> {
        if self.tabs.iter().any(|tab| tab.holds > self.row.stamp.generation) {
            return Err(broken(Law::DurableBeforeVisible, "a tab holds a token that is not in the row"));
        }
        let open = self.row.intent.is_some() || self.row.orphan.is_some();
        let busy = open || !self.row.outbox.errands().is_empty();
        if busy && self.alarm.is_none() {
            return Err(broken(Law::EverySessionSettles, "something is to be done and no alarm is armed"));
        }
        if open || !self.posts.is_empty() || !self.rotators.is_empty() {
            return Ok(());
        }
        match self.row.status {
            Status::Vacant => Ok(()),
            Status::Live => self.is_usable(setup),
            Status::ReauthRequired(_) if self.is_excused(setup) => Ok(()),
            Status::ReauthRequired(_) => {
                Err(broken(Law::OnlyTerminalEnds, "a grant was lost though no answer was"))
            }
            Status::Ended(_) => self.leaves_nothing_behind(setup),
        }
    }

    /// Whether a grant may be lost: the server ended it, or an answer was lost on a server that does not forgive that.
    fn is_excused(&self, setup: &Setup) -> bool {
        // Not even to find out whether it was lost may other devices be risked.
        let careful = self.row.status == Status::ReauthRequired(ReauthReason::Ambiguous)
            && setup.kind.profile().blast == Blast::ClientAndUser;
        let lost = self.has_lost(Some(self.server.newest_family()));
        self.truth.revoked || careful || lost && !setup.kind.always_forgives()
    }

    /// Whether an answer of this grant was lost.
    pub fn has_lost(&self, family: Option<u8>) -> bool {
        self.truth.lost.iter().any(|lost| *lost == USELESS || self.server.family(*lost) == family)
    }

    fn is_usable(&self, setup: &Setup) -> Result<(), Broken> {
        let held: Option<Token> = self.row.refresh_token.as_ref().map(number);
        let usable = held
            .is_some_and(|held| self.server.clone().present(setup.kind, held, self.now).granted.is_some());
        if usable || self.is_excused(setup) {
            return self.leaves_nothing_behind(setup);
        }
        Err(broken(
            Law::EverySessionSettles,
            "a session at rest holds a refresh token that the server refuses",
        ))
    }

    /// Every token that still works is the session's own, or is being revoked, or came with an answer that nobody has.
    fn leaves_nothing_behind(&self, setup: &Setup) -> Result<(), Broken> {
        let known = |token: Token| {
            let held = self.row.refresh_token.as_ref().map(number);
            let own = held.is_some_and(|held| self.server.family(held) == self.server.family(token));
            let lapses =
                setup.policy().shared_grant && self.server.family(token) != Some(self.server.newest_family());
            let errands = self.row.outbox.errands();
            let revoked = errands
                .iter()
                .filter_map(|errand| errand.task.refresh_token())
                .any(|errand| self.server.family(number(errand)) == self.server.family(token));
            own || lapses || revoked || self.truth.lost.contains(&token)
        };
        let unseen = self.server.usable(setup.kind, self.now).any(|token| !known(token));
        if unseen {
            return Err(broken(Law::LogoutIsFinal, "a refresh token lives on that nobody knows of"));
        }
        Ok(())
    }
}

/// A watch that knows of what is written, and of nothing under way.
fn fresh_watch(setup: &Setup, world: &World, vault: &Vault) -> VaultWatch {
    let mut watch = VaultWatch::new(setup.policy());
    let event = Event::LoginCommitted(login(0, 0));
    let written = [everlit_core::vault::Effect::Persist].into_iter().collect();
    // Nothing changes in this step, so that it breaks no law.
    let _unbroken = watch.check(world.moment(), vault, &event, &written, vault);
    watch
}

/// The first tick that is not before `at`.
fn tick_at(at: Timestamp) -> Timestamp {
    let after = ORIGIN.until(at).as_millis();
    ORIGIN.after(Millis::from_millis(after.div_ceil(TICK.as_millis()).saturating_mul(TICK.as_millis())))
}
