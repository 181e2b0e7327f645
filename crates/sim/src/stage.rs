//! The stage: what everybody in a world shares. The time, what is still to come, chance, the network, the record.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::id::RequestId;
use everlit_core::time::{Millis, Moment, Timestamp};

use crate::chance::Chance;
use crate::clock::true_wall;
use crate::happening::Happening;
use crate::laws::Laws;
use crate::network::{Freight, Link, Network, Verdict};
use crate::queue::Queue;
use crate::report::Tally;
use crate::trace::{Line, Trace};

/// The stage of one world.
pub struct Stage {
    /// True time since the world began.
    pub now: Timestamp,
    /// Chance.
    pub chance: Chance,
    /// The network.
    pub network: Network,
    /// The record.
    pub trace: Trace,
    /// The counts.
    pub tally: Tally,
    /// The laws.
    pub laws: Laws,
    /// How many calls that saved somebody's work were refused, and not yet excused.
    pub input_lost: u64,
    /// The first loss that nothing excuses yet: when, and what happened before.
    pub loss: Option<(Timestamp, Vec<String>)>,
    to_come: Queue<Happening>,
}

/// What became of something that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way.
    OnItsWay,
    /// It is lost, and whoever waits will notice.
    Noticed,
    /// It is lost without a sign.
    Silence,
}

impl Stage {
    /// An empty stage.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: Timestamp::default(),
            chance: Chance::new(seed),
            network: Network::default(),
            trace: Trace::default(),
            tally: Tally::default(),
            laws: Laws::default(),
            input_lost: 0,
            loss: None,
            to_come: Queue::default(),
        }
    }

    /// What a clock at the edge shows that is ahead of the truth by so many milliseconds.
    #[must_use]
    pub const fn edge_wall(&self, ahead: i64) -> Timestamp {
        Timestamp::from_millis(true_wall(self.now).as_millis().saturating_add_signed(ahead))
    }

    /// What a machine at the edge is told of the time.
    pub fn edge_moment(&mut self, ahead: i64) -> Moment {
        let wall = self.edge_wall(ahead);
        Moment { wall, mono: wall, entropy: self.chance.entropy() }
    }

    /// Counts an answer with new tokens that nobody keeps and nobody has heard, once.
    pub(crate) fn count_lost(&mut self, object: usize, request: RequestId) {
        if self.laws.successor_lost(object, request) {
            self.tally.answers_lost = self.tally.answers_lost.saturating_add(1);
        }
    }

    /// So many calls that saved somebody's work were refused.
    pub(crate) fn lose_input(&mut self, calls: u64) {
        if calls > 0 {
            self.input_lost = self.input_lost.saturating_add(calls);
            self.tell_loss();
        }
    }

    /// Keeps what led to the first loss.
    pub(crate) fn tell_loss(&mut self) {
        if self.loss.is_none() {
            self.loss = Some((self.now, self.trace.tale()));
        }
    }

    /// Plans something.
    pub fn plan(&mut self, after: Millis, happening: Happening) {
        self.to_come.push(self.now.after(after), happening);
    }

    /// Plans what somebody notices within a second.
    pub(crate) fn plan_soon(&mut self, happening: Happening) {
        let wait = self.chance.between(0, 1_000);
        self.plan(wait, happening);
    }

    /// Moves on to what comes next, unless that is after `until`; then time moves there and there is nothing.
    pub fn next(&mut self, until: Timestamp) -> Option<Happening> {
        if let Some((at, happening)) = self.to_come.pop(until) {
            self.now = at;
            return Some(happening);
        }
        self.now = self.now.max(until);
        None
    }

    /// Sends something. If it is lost and that is noticed, `unsent` happens in its stead.
    pub fn send(
        &mut self,
        link: Link,
        freight: Freight,
        arrives: Happening,
        unsent: Option<Happening>,
    ) -> Fate {
        match self.network.judge(self.now, link, freight, &mut self.chance) {
            // The last rule of the chain never passes.
            Verdict::Pass => self.plan(Millis::ZERO, arrives),
            Verdict::Deliver(after) => self.plan(after, arrives),
            Verdict::Twice(first, second) => {
                self.note(Line::Doubled(link, freight));
                self.plan(first, arrives.clone());
                self.plan(second, arrives);
            }
            Verdict::Drop { noticed } => {
                self.note(Line::Lost(link, freight));
                let (Some(after), Some(unsent)) = (noticed, unsent) else { return Fate::Silence };
                self.plan(after, unsent);
                return Fate::Noticed;
            }
        }
        Fate::OnItsWay
    }

    /// Writes a line into the record.
    pub fn note(&mut self, line: Line) {
        self.trace.note(self.now, line);
    }
}
