//! One moment of the world: a vault with its row, the escrow, rotators, messages, tabs and an authorization server.

use crate::shared::Shared;

use everlit_core::escrow::{Closed, Escrow};
use everlit_core::id::{CallerId, Epoch, Generation, RequestId, RotatorId, Stamp};
use everlit_core::law::VaultWatch;
use everlit_core::retry::Failure;
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Moment, Timestamp};
use everlit_core::vault::{ErrandId, Event, Granted, Login, Policy, Row, Status, TokenAnswer, Vault};

use crate::flaw::Flaw;
use crate::server::{Kind, Server, Token};

/// Where every trace begins, and where a world at rest is put back to.
pub const ORIGIN: Timestamp = Timestamp::from_millis(1_790_000_000_000);
/// Clocks go on by whole ticks.
pub const TICK: Millis = Millis::from_secs(5);
/// How long an access token lives.
pub const LIFETIME: Millis = Millis::from_secs(60);
/// When the answer of a rotator has come, or never will, counted from its claim.
pub const TOLD_WITHIN: Millis = Millis::from_secs(40);

const EPOCH: Epoch = Epoch(1_790_000_000_000);

/// How far is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bound {
    /// Tabs that ask.
    pub tabs: usize,
    /// Rotations that they may ask for.
    pub rotations: u32,
    /// Crashes, of the vault object alone or of its whole process, at any point.
    pub crashes: u8,
    /// Lost messages, rotators that die, and answers of the server that are no token.
    pub faults: u8,
    /// Messages that are delivered twice.
    pub twice: u8,
    /// Logouts, back-channel logouts, revocations at the server and re-logins.
    pub endings: u8,
}

/// What does not change while worlds are explored.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The server.
    pub kind: Kind,
    /// How far.
    pub bound: Bound,
    /// What is wrong on purpose.
    pub flaw: Option<Flaw>,
}

impl Setup {
    /// What the vault works by.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let grace = self.flaw.and_then(Flaw::profile).unwrap_or_else(|| self.kind.profile());
        Policy { grace, shared_grant: false, ..Policy::default() }
    }

    /// Whether this is what is wrong.
    #[must_use]
    pub fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }
}

/// How a token request ended, as rotator and escrow hand it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reply {
    /// With tokens.
    Granted {
        /// The refresh token, or the one that stays.
        token: Token,
        /// Whether it was sent along.
        sent_along: bool,
    },
    /// Without.
    Failed(Failure),
    /// It was not sent.
    Unsent,
    /// Nobody can say.
    Unheard,
}

impl Reply {
    /// What the machine is told.
    #[must_use]
    pub fn told(self, setup: &Setup) -> TokenAnswer {
        match self {
            Self::Granted { token, sent_along } => TokenAnswer::Granted(granted(token, sent_along)),
            Self::Failed(_) if setup.is(Flaw::EveryFailureEnds) => {
                TokenAnswer::Failed { failure: Failure::Reauth, retry_after: None }
            }
            Self::Failed(failure) => TokenAnswer::Failed { failure, retry_after: None },
            Self::Unheard if setup.is(Flaw::SilenceEnds) => {
                TokenAnswer::Failed { failure: Failure::Reauth, retry_after: None }
            }
            Self::Unsent => TokenAnswer::Unsent,
            Self::Unheard => TokenAnswer::Unheard,
        }
    }
}

/// Where a rotator stands. It outlives the vault that sent for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It claimed, and did not hear that it won.
    Claiming,
    /// It won the claim, or thinks so.
    Claimed,
    /// Its request is under way.
    Sent,
    /// It has read the answer.
    Answered(Reply),
    /// The answer is in the escrow.
    Kept(Reply),
}

/// One token request and who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rotator {
    /// Its name.
    pub request: RequestId,
    /// Who sends it.
    pub by: RotatorId,
    /// What it presents.
    pub token: Token,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// When it is too late to send it.
    pub send_by: Timestamp,
    /// How far it is.
    pub step: Step,
    /// Whether anybody waits for the server's answer: the sender may be dead, or have hung up.
    pub alive: bool,
    /// Whether the vault that it works for is still the one that asked.
    pub heard: bool,
}

/// A message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Post {
    /// To a rotator: send this.
    Rotate {
        /// Its name.
        request: RequestId,
        /// What to present.
        token: Token,
        /// When it is too late to send it.
        send_by: Timestamp,
        /// Whether the vault is still the one that asked.
        heard: bool,
    },
    /// From a rotator.
    Told {
        /// Of which request.
        request: RequestId,
        /// Its end.
        reply: Reply,
        /// It has come by then, or never will.
        by: Timestamp,
    },
    /// To the escrow.
    Close {
        /// Which request.
        request: RequestId,
    },
    /// From the escrow.
    Closed {
        /// Which request.
        request: RequestId,
        /// Where it stands.
        place: Place,
    },
    /// To the revocation endpoint.
    Revoke {
        /// For which errand.
        errand: ErrandId,
        /// What.
        token: Token,
    },
    /// From there.
    Revoked {
        /// Which errand.
        errand: ErrandId,
        /// Whether it was done.
        settled: bool,
    },
}

/// Where a request stands, as the escrow says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The escrow could not be reached.
    Unknown,
    /// Never sent.
    NeverSent,
    /// Taken.
    Claimed(Timestamp),
    /// Ended.
    Answered(Reply),
    /// Overtaken.
    Outrun(RequestId),
}

impl Place {
    /// As the escrow said it.
    #[must_use]
    pub const fn of(closed: &Closed<Reply>) -> Self {
        match closed {
            Closed::NeverSent => Self::NeverSent,
            Closed::Claimed { at } => Self::Claimed(*at),
            Closed::Answered(reply) => Self::Answered(*reply),
            Closed::Outrun { newest } => Self::Outrun(*newest),
        }
    }

    /// As the vault is told.
    #[must_use]
    pub fn told(self, setup: &Setup) -> Option<Closed<TokenAnswer>> {
        match self {
            Self::Unknown => None,
            Self::NeverSent => Some(Closed::NeverSent),
            Self::Claimed(_) if setup.is(Flaw::ClaimedTakenForUnsent) => Some(Closed::NeverSent),
            Self::Claimed(at) => Some(Closed::Claimed { at }),
            Self::Answered(reply) => Some(Closed::Answered(reply.told(setup))),
            Self::Outrun(newest) => Some(Closed::Outrun { newest }),
        }
    }
}

/// One browser tab, as far as a vault can tell. Tabs have no names: those that are in the same place are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tab {
    /// The generation it holds.
    pub holds: Generation,
    /// The call that it waits for, if it does.
    pub waits_for: Option<CallerId>,
}

/// What may still go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Crashes.
    pub crashes: u8,
    /// Faults.
    pub faults: u8,
    /// Repetitions.
    pub twice: u8,
    /// Endings.
    pub endings: u8,
}

/// What nobody inside can know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Truth {
    /// Successors whose answers were lost before anybody kept them.
    pub lost: Vec<Token>,
    /// The server ended the grant of its own will.
    pub revoked: bool,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The clock of everybody.
    pub now: Timestamp,
    /// The object's memory.
    pub vault: Shared<Vault>,
    /// The object's row.
    pub row: Shared<Row>,
    /// The object's alarm.
    pub alarm: Option<Timestamp>,
    /// The escrow's row.
    pub escrow: Escrow<Reply>,
    /// Token requests and their senders, in order.
    pub rotators: Vec<Rotator>,
    /// Messages, in order.
    pub posts: Vec<Post>,
    /// The browser.
    pub tabs: Vec<Tab>,
    /// The authorization server.
    pub server: Server,
    /// What may still go wrong.
    pub budget: Budget,
    /// What nobody can know.
    pub truth: Truth,
    /// The laws as core checks them.
    pub watch: Shared<VaultWatch>,
    /// A second instance that was left behind, for the flaw that lets it write.
    pub stale: Option<Shared<Vault>>,
}

/// What a refresh token of this number is called.
#[must_use]
pub fn granted(token: Token, sent_along: bool) -> Granted {
    Granted {
        access_token: Secret::new(format!("a{token}")),
        expires_in: LIFETIME,
        refresh_token: sent_along.then(|| Secret::new(format!("r{token}"))),
        target: None,
    }
}

/// The number of a refresh token.
#[must_use]
pub fn number(token: &Secret<String>) -> Token {
    token.expose().get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(Token::MAX)
}

/// A stamp of the one login there is.
#[must_use]
pub const fn stamp(generation: Generation) -> Stamp {
    Stamp { epoch: EPOCH, generation }
}

/// The login with this number, counted from the first.
#[must_use]
pub fn login(count: u64, token: Token) -> Login {
    Login { epoch: Epoch(EPOCH.0 + count), grant: granted(token, true) }
}

impl World {
    /// A user has just logged in.
    #[must_use]
    pub fn begin(setup: &Setup) -> Self {
        let policy = setup.policy();
        let (mut vault, mut watch) = (Vault::new(policy), VaultWatch::new(policy));
        let (before, event) = (vault.clone(), Event::LoginCommitted(login(0, 0)));
        let effects = vault.step(moment(ORIGIN), event.clone());
        // A login breaks no law: it is watched so that the watch knows of it.
        let _begun = watch.check(moment(ORIGIN), &before, &event, &effects, &vault);
        let Bound { tabs, crashes, faults, twice, endings, .. } = setup.bound;
        let tab = Tab { holds: Generation::FIRST, waits_for: None };
        let mut world = Self {
            now: ORIGIN,
            row: Shared::new(vault.row()),
            alarm: vault.next_alarm(),
            vault: Shared::new(vault),
            escrow: Escrow::default(),
            rotators: Vec::new(),
            posts: Vec::new(),
            tabs: vec![tab; tabs],
            server: Server::new(),
            budget: Budget { crashes, faults, twice, endings },
            truth: Truth::default(),
            watch: Shared::new(watch),
            stale: None,
        };
        world.settle_down(setup);
        world
    }

    /// The reading of every clock.
    #[must_use]
    pub const fn moment(&self) -> Moment {
        moment(self.now)
    }

    /// A tab calls: under the first number that no other call has. One that waits already calls under the number it has.
    pub fn call(&mut self, at: usize) -> CallerId {
        let taken = |caller| self.tabs.iter().any(|tab| tab.waits_for == Some(caller));
        let free = (1..).map(CallerId).find(|caller| !taken(*caller)).unwrap_or(CallerId(0));
        self.tabs.get_mut(at).map_or(free, |tab| *tab.waits_for.get_or_insert(free))
    }

    /// The end of the session is written down.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.row.status, Status::Ended(_))
    }

    /// Sends a message.
    pub fn post(&mut self, post: Post) {
        self.posts.push(post);
        self.posts.sort_unstable();
    }

    /// Takes one message away.
    pub fn take(&mut self, post: Post) {
        if let Some(at) = self.posts.iter().position(|other| *other == post) {
            self.posts.remove(at);
        }
    }
}

/// Entropy is fixed: every wait is the shortest.
const fn moment(now: Timestamp) -> Moment {
    Moment { wall: now, mono: now, entropy: 0 }
}
