//! The network: what becomes of everything that is sent.
//!
//! A chain of rules looks at every parcel, the newest first; the first that has an opinion decides, and an ordinary day's latency decides
//! about the rest. Faults are rules. When the network heals, the rules are gone.

use alloc::boxed::Box;
use alloc::vec::Vec;

use everlit_core::time::{Millis, Timestamp};

use crate::chance::Chance;

/// From whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// From a tab to the Worker.
    ToWorker,
    /// From the Worker to a tab.
    FromWorker,
    /// From the Worker to the authorization server.
    ToServer,
    /// From the authorization server to the Worker.
    FromServer,
    /// From a vault to a rotator.
    ToRotator,
    /// From a rotator to the vault that ordered.
    FromRotator,
    /// From a rotator or a vault to the escrow.
    ToEscrow,
    /// From the escrow to who asked.
    FromEscrow,
    /// From tab to tab, over a BroadcastChannel.
    Channel,
}

/// What is sent, as far as the network can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freight {
    /// `GET /auth/session`.
    Session,
    /// `POST /auth/token`.
    Token,
    /// `POST /auth/logout`.
    Logout,
    /// A call to `/api`.
    Call,
    /// A token request (RFC 6749, section 6).
    Refresh,
    /// A revocation request (RFC 7009).
    Revoke,
    /// A vault's order to a rotator, and its answer.
    Order,
    /// A rotator's claim.
    Claim,
    /// An answer that the escrow is to keep.
    Keep,
    /// A vault's question to the escrow.
    Close,
    /// A silent re-login.
    Relogin,
    /// The event socket.
    Socket,
    /// A tab's word to the others.
    Word,
}

/// One thing that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parcel {
    /// When it leaves.
    pub at: Timestamp,
    /// From whom to whom.
    pub link: Link,
    /// What it is.
    pub freight: Freight,
    /// How many of this freight went this way before it.
    pub nth: u32,
    /// Whether the user's computer woke just before.
    pub woke: bool,
    /// Whether the authorization server is ill.
    pub sick: bool,
}

/// What becomes of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// This rule has no opinion.
    Pass,
    /// It arrives after so long.
    Deliver(Millis),
    /// It arrives twice, each after so long.
    Twice(Millis, Millis),
    /// It never arrives.
    Drop {
        /// When whoever waits for the answer notices that the connection is gone; never, if not.
        noticed: Option<Millis>,
    },
}

/// A fault of the network.
pub trait Rule {
    /// Decides about a parcel, or passes.
    fn judge(&mut self, parcel: &Parcel, chance: &mut Chance) -> Verdict;
}

impl<F: FnMut(&Parcel) -> Verdict> Rule for F {
    fn judge(&mut self, parcel: &Parcel, _chance: &mut Chance) -> Verdict {
        self(parcel)
    }
}

/// The network of one world.
#[derive(Default)]
pub struct Network {
    rules: Vec<Box<dyn Rule>>,
    /// When the user's computer woke last.
    pub woke_at: Option<Timestamp>,
    /// Whether the authorization server is ill and takes long for everything.
    pub sick: bool,
    /// Until when there is no connection between the tabs and the Worker.
    offline_until: Timestamp,
    /// How many of each freight went each way.
    sent: [[u32; FREIGHTS]; LINKS],
}

/// For so long after a wake the network is worse.
const JUST_WOKE: Millis = Millis::from_secs(30);

const LINKS: usize = Link::Channel as usize + 1;
const FREIGHTS: usize = Freight::Word as usize + 1;

impl Network {
    /// Adds a rule before those there are.
    pub fn add(&mut self, rule: impl Rule + 'static) {
        self.rules.push(Box::new(rule));
    }

    /// Ends every fault.
    pub fn heal(&mut self) {
        self.rules.clear();
        self.offline_until = Timestamp::default();
        (self.woke_at, self.sick) = (None, false);
    }

    /// There is no connection between the tabs and the Worker until then.
    pub fn offline(&mut self, until: Timestamp) {
        self.offline_until = self.offline_until.max(until);
    }

    /// Decides about a parcel that leaves now. Never passes.
    pub fn judge(&mut self, at: Timestamp, link: Link, freight: Freight, chance: &mut Chance) -> Verdict {
        let woke = self.woke_at.is_some_and(|woke_at| at.since(woke_at) < JUST_WOKE);
        let mut parcel = Parcel { at, link, freight, nth: 0, woke, sick: self.sick };
        if let Some(sent) = self.sent.get_mut(link as usize).and_then(|link| link.get_mut(freight as usize)) {
            parcel.nth = *sent;
            *sent = sent.wrapping_add(1);
        }
        if at < self.offline_until && matches!(link, Link::ToWorker | Link::FromWorker) {
            return Verdict::Drop { noticed: Some(chance.between(5, 3_000)) };
        }
        for rule in self.rules.iter_mut().rev() {
            match rule.judge(&parcel, chance) {
                Verdict::Pass => {}
                verdict @ (Verdict::Deliver(_) | Verdict::Twice(..) | Verdict::Drop { .. }) => {
                    return verdict;
                }
            }
        }
        Verdict::Deliver(latency(link, chance))
    }
}

/// How long a parcel takes on an ordinary day.
pub fn latency(link: Link, chance: &mut Chance) -> Millis {
    match link {
        Link::ToWorker | Link::FromWorker => chance.between(10, 90),
        Link::ToServer | Link::FromServer => chance.between(20, 300),
        Link::ToRotator | Link::FromRotator | Link::ToEscrow | Link::FromEscrow => chance.between(0, 25),
        Link::Channel => chance.between(0, 8),
    }
}

/// Bad weather: parcels are lost, late or doubled by chance.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// How many of a thousand are lost between tab and Worker.
    pub lost_at_tabs: u32,
    /// How many token requests of a thousand are lost on their way to the authorization server.
    pub lost_to_server: u32,
    /// How many answers of a thousand are lost on their way back from it: those that cost a strict server's grant.
    pub lost_from_server: u32,
    /// How many of a thousand are lost between vault, rotator and escrow.
    pub lost_inside: u32,
    /// How many answers of a thousand are lost on their way into the escrow, each time.
    pub lost_keeping: u32,
    /// How many of a thousand take long.
    pub slow: u32,
    /// How long the answer of an authorization server may take.
    pub slowest_answer: Millis,
    /// How many of a thousand come twice. What goes to the authorization server never does: whoever doubles a token request
    /// on its way to a strict server ends the grant, and neither tab nor vault could help it.
    pub doubled: u32,
}

impl Weather {
    /// Nothing is lost, late or doubled.
    pub const FAIR: Self = Self {
        lost_at_tabs: 0,
        lost_to_server: 0,
        lost_from_server: 0,
        lost_inside: 0,
        lost_keeping: 0,
        slow: 0,
        slowest_answer: Millis::from_secs(10),
        doubled: 0,
    };
}

impl Rule for Weather {
    fn judge(&mut self, parcel: &Parcel, chance: &mut Chance) -> Verdict {
        let lost = match (parcel.link, parcel.freight) {
            (Link::ToWorker | Link::FromWorker, _) => self.lost_at_tabs,
            (Link::ToServer, _) => self.lost_to_server,
            (Link::FromServer, _) => self.lost_from_server,
            (Link::ToEscrow, Freight::Keep) => self.lost_keeping,
            (Link::ToRotator | Link::FromRotator | Link::ToEscrow | Link::FromEscrow, _) => self.lost_inside,
            (Link::Channel, _) => self.lost_at_tabs / 4,
        };
        if chance.permille(lost) {
            // The connection breaks and somebody notices, or there is silence. A browser ends the silence of a call itself.
            let noticed = (chance.permille(600) || parcel.freight == Freight::Call)
                .then(|| chance.between(100, 20_000));
            return Verdict::Drop { noticed };
        }
        if chance.permille(self.slow) {
            let longest = match parcel.link {
                Link::ToWorker | Link::FromWorker => 20_000,
                Link::ToServer => 4_000,
                Link::FromServer => self.slowest_answer.as_millis(),
                // An order that takes longer than its deadline is among them.
                Link::ToRotator => 15_000,
                Link::FromRotator => 5_000,
                Link::ToEscrow | Link::FromEscrow => 1_200,
                Link::Channel => 5_000,
            };
            return Verdict::Deliver(chance.between(longest / 20, longest));
        }
        let twice = match parcel.link {
            Link::ToServer | Link::FromServer => 0,
            Link::ToWorker
            | Link::FromWorker
            | Link::ToRotator
            | Link::FromRotator
            | Link::ToEscrow
            | Link::FromEscrow
            | Link::Channel => self.doubled,
        };
        if chance.permille(twice) {
            let first = latency(parcel.link, chance);
            return Verdict::Twice(first, first.plus(chance.between(1, 25_000)));
        }
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(7);

    #[test]
    fn the_newest_rule_with_an_opinion_decides_and_healing_removes_it() {
        let mut chance = Chance::new(1);
        let mut network = Network::default();
        network.add(|_: &Parcel| Verdict::Deliver(Millis::from_secs(9)));
        network.add(
            |parcel: &Parcel| {
                if parcel.nth == 1 { Verdict::Drop { noticed: None } } else { Verdict::Pass }
            },
        );
        let mut judge =
            |network: &mut Network| network.judge(NOW, Link::ToWorker, Freight::Token, &mut chance);
        assert_eq!(judge(&mut network), Verdict::Deliver(Millis::from_secs(9)));
        assert_eq!(judge(&mut network), Verdict::Drop { noticed: None });
        network.heal();
        assert!(matches!(judge(&mut network), Verdict::Deliver(wait) if wait < Millis::from_secs(1)));
    }

    #[test]
    fn weather_never_doubles_a_token_request() {
        let mut chance = Chance::new(2);
        let mut weather = Weather { slow: 500, doubled: 500, ..Weather::FAIR };
        for nth in 0..2_000 {
            let mut judge = |link, freight| {
                weather.judge(&Parcel { at: NOW, link, freight, nth, woke: false, sick: false }, &mut chance)
            };
            for link in [Link::ToServer, Link::FromServer] {
                assert!(!matches!(judge(link, Freight::Refresh), Verdict::Twice(..)));
            }
            assert_ne!(judge(Link::ToRotator, Freight::Order), Verdict::Drop { noticed: None });
        }
    }
}
