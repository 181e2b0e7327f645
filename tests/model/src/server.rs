//! Authorization servers: one for each way in which a refresh token that comes twice is met in the field.

use std::collections::BTreeSet;

use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Blast, Depth, GraceProfile, Replay, Window};

/// The window of the servers that have one.
const WINDOW: Millis = Millis::from_secs(30);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A spent token ends its grant.
    Strict,
    /// A spent token ends every grant of the user at this client.
    StrictUser,
    /// For 30 s a spent token brings the same pair again; later it ends its grant.
    SamePair,
    /// For 30 s a spent token brings the same pair again; later it ends every grant of the user.
    SamePairUser,
    /// For 30 s the previous token brings a further pair; else a spent token ends its grant.
    NewSibling,
    /// The parent of the active token always brings the active token; an older one ends its grant.
    ActiveToken,
    /// There is no rotation.
    Reusable,
    /// Every use brings a new token, and the old ones go on working.
    NeverRevokes,
    /// The previous token works until its successor was used, and brings one that takes the successor's place.
    PreviousOnce,
    /// A spent token is refused, and nothing else happens.
    Refusing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Strict,
        Self::StrictUser,
        Self::SamePair,
        Self::SamePairUser,
        Self::NewSibling,
        Self::ActiveToken,
        Self::Reusable,
        Self::NeverRevokes,
        Self::PreviousOnce,
        Self::Refusing,
    ];

    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::StrictUser => "strict, client and user",
            Self::SamePair => "same pair, 30 s",
            Self::SamePairUser => "same pair, 30 s, client and user",
            Self::NewSibling => "new sibling, 30 s",
            Self::ActiveToken => "active token, unlimited",
            Self::Reusable => "no rotation",
            Self::NeverRevokes => "old ones go on working",
            Self::PreviousOnce => "previous once",
            Self::Refusing => "refuses, revokes nothing",
        }
    }

    /// Who is like that.
    #[must_use]
    pub const fn known_as(self) -> &'static str {
        match self {
            Self::Strict => "oidc-provider, Hydra, Auth0",
            Self::StrictUser => "better-auth",
            Self::SamePair => "WorkOS, django-oauth-toolkit",
            Self::SamePairUser => "better-auth under mcp()",
            Self::NewSibling => "Okta, Hydra and Auth0 with a window",
            Self::ActiveToken => "Supabase",
            Self::Reusable => "Duende, Google",
            Self::NeverRevokes => "Entra ID, Keycloak",
            Self::PreviousOnce => "workers-oauth-provider",
            Self::Refusing => "Duende with OneTime",
        }
    }

    /// What it forgives, as an operator would configure it.
    #[must_use]
    pub const fn profile(self) -> GraceProfile {
        match self {
            Self::Strict => GraceProfile::STRICT,
            Self::StrictUser => GraceProfile { blast: Blast::ClientAndUser, ..GraceProfile::STRICT },
            Self::SamePair => grace(Window::For(WINDOW), Replay::SamePair, Depth::Previous, Blast::Family),
            Self::SamePairUser => {
                grace(Window::For(WINDOW), Replay::SamePair, Depth::Previous, Blast::ClientAndUser)
            }
            Self::NewSibling => {
                grace(Window::For(WINDOW), Replay::NewSibling, Depth::Previous, Blast::Family)
            }
            Self::ActiveToken => {
                grace(Window::Unlimited, Replay::ActiveToken, Depth::Previous, Blast::Family)
            }
            Self::Reusable => grace(Window::Unlimited, Replay::ActiveToken, Depth::Any, Blast::Token),
            Self::NeverRevokes => grace(Window::Unlimited, Replay::NewSibling, Depth::Any, Blast::Token),
            Self::PreviousOnce => grace(Window::Unlimited, Replay::NewSibling, Depth::Previous, Blast::Token),
            Self::Refusing => GraceProfile { blast: Blast::Token, ..GraceProfile::STRICT },
        }
    }

    /// How long after its claim the server may still carry a request out whose sender is gone. On a server without a window
    /// that is what the runtime gives; elsewhere it is as long as the profile counts on: a straggler would come after its
    /// own repetition, or after the window.
    #[must_use]
    pub fn request_ends_after(self) -> Millis {
        self.profile().settled_after()
    }

    /// Whether a lost answer can always be had again, whatever the time.
    #[must_use]
    pub const fn always_forgives(self) -> bool {
        // Two that hold the previous token strand each other: a lost answer may have cancelled the one that came.
        matches!(self.profile().window, Window::Unlimited) && !matches!(self, Self::PreviousOnce)
    }
}

/// A refresh token by its number, in the order of issue.
pub type Token = u8;

/// What the server knows of one refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Not used yet.
    Active,
    /// Used.
    Spent {
        /// When first; zero once that matters no more.
        at: Timestamp,
        /// What it brought first.
        successor: Token,
    },
    /// Revoked, or replaced.
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Issued {
    family: u8,
    state: State,
}

/// The server's truth.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    tokens: Vec<Issued>,
    /// The same user's grant on another device.
    other_lives: bool,
}

/// What came of a presented token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The refresh token of the answer, if one was granted; the presented one where the answer has none.
    pub granted: Option<Token>,
    /// The refresh token was sent along.
    pub sent_along: bool,
    /// The presentation was taken for a theft and ended a grant that lived.
    pub ended_a_grant: bool,
}

const REFUSED: Verdict = Verdict { granted: None, sent_along: false, ended_a_grant: false };

impl Server {
    /// A server that has just issued the first refresh token.
    #[must_use]
    pub fn new() -> Self {
        Self { tokens: vec![Issued { family: 0, state: State::Active }], other_lives: true }
    }

    /// Whether the same user's grant on another device lives.
    #[must_use]
    pub const fn other_lives(&self) -> bool {
        self.other_lives
    }

    /// The user logs in once more.
    pub fn log_in(&mut self) -> Token {
        let family = self.newest_family() + 1;
        self.issue(family)
    }

    /// The newest grant of this session.
    #[must_use]
    pub fn newest_family(&self) -> u8 {
        self.tokens.iter().map(|issued| issued.family).max().unwrap_or_default()
    }

    /// The family of a token.
    #[must_use]
    pub fn family(&self, token: Token) -> Option<u8> {
        self.tokens.get(usize::from(token)).map(|issued| issued.family)
    }

    /// All tokens that could still be used for a new one at `now`.
    pub fn usable(&self, kind: Kind, now: Timestamp) -> impl Iterator<Item = Token> + '_ {
        (0..self.tokens.len())
            .filter_map(|number| Token::try_from(number).ok())
            .filter(move |token| self.clone().present(kind, *token, now).granted.is_some())
    }

    /// A refresh token comes to the token endpoint.
    pub fn present(&mut self, kind: Kind, token: Token, now: Timestamp) -> Verdict {
        let Some(Issued { family, state }) = self.tokens.get(usize::from(token)).copied() else {
            return REFUSED;
        };
        match state {
            State::Dead => REFUSED,
            State::Active => {
                if kind == Kind::Reusable {
                    return Verdict { granted: Some(token), sent_along: false, ended_a_grant: false };
                }
                let successor = self.issue(family);
                self.set(token, State::Spent { at: now, successor });
                if kind == Kind::PreviousOnce {
                    // Only the token before the current one is kept.
                    self.bury(family, |number, state| {
                        number != token && matches!(state, State::Spent { .. })
                    });
                }
                granted(successor)
            }
            State::Spent { at, successor } => {
                self.present_again(kind, token, family, at.until(now), successor)
            }
        }
    }

    fn present_again(
        &mut self,
        kind: Kind,
        token: Token,
        family: u8,
        age: Millis,
        successor: Token,
    ) -> Verdict {
        let open = match kind.profile().window {
            Window::None => false,
            Window::For(window) => age < window,
            Window::Unlimited => true,
        };
        // Where the next token was used already, this one is not the previous one any more.
        let previous = self.siblings_unused(family, token) || kind == Kind::NeverRevokes;
        if open && previous {
            return match kind {
                Kind::SamePair | Kind::SamePairUser | Kind::ActiveToken => granted(successor),
                Kind::NewSibling | Kind::NeverRevokes => granted(self.issue(family)),
                Kind::PreviousOnce => {
                    self.bury(family, |number, state| number != token && state == State::Active);
                    granted(self.issue(family))
                }
                Kind::Strict | Kind::StrictUser | Kind::Reusable | Kind::Refusing => REFUSED,
            };
        }
        let lived = self.tokens.iter().any(|issued| issued.family == family && issued.state == State::Active);
        match kind.profile().blast {
            Blast::Token => return REFUSED,
            Blast::Family => {}
            Blast::ClientAndUser => self.other_lives = false,
        }
        self.end(family);
        Verdict { ended_a_grant: lived, ..REFUSED }
    }

    /// A refresh token comes to the revocation endpoint.
    pub fn revoke(&mut self, kind: Kind, token: Token) {
        let Some(family) = self.family(token) else { return };
        match kind.profile().blast {
            // Servers that know a grant from a token end the grant; the others forget what they were shown.
            Blast::Family | Blast::ClientAndUser => self.end(family),
            Blast::Token if kind != Kind::Refusing => self.end(family),
            Blast::Token => self.set(token, State::Dead),
        }
    }

    /// The server ends the grant of its own will.
    pub fn end(&mut self, family: u8) {
        self.bury(family, |_, _| true);
    }

    /// Times are told from `now` on; what is past every window is past.
    pub fn rebase(&mut self, kind: Kind, now: Timestamp, origin: Timestamp) {
        let window = match kind.profile().window {
            Window::For(window) => window,
            Window::None | Window::Unlimited => Millis::ZERO,
        };
        for issued in &mut self.tokens {
            if let State::Spent { at, .. } = &mut issued.state {
                let age = at.until(now);
                *at = if age < window { origin.before(age) } else { Timestamp::default() };
            }
        }
    }

    /// Forgets the tokens that can make no difference any more. The others get the smallest numbers that keep the order: by their
    /// new numbers, here are their old ones.
    pub fn forget(&mut self, kind: Kind, now: Timestamp, held: BTreeSet<Token>) -> Vec<Token> {
        let mut kept = held;
        kept.extend(self.usable(kind, now));
        // The next login opens a grant after the newest one.
        kept.extend(Token::try_from(self.tokens.len() - 1));
        let mut known = 0;
        while known < kept.len() {
            known = kept.len();
            for (number, issued) in (0..).zip(&self.tokens) {
                let State::Spent { successor, .. } = issued.state else { continue };
                let older = |token: &Token| *token < number && self.family(*token) == Some(issued.family);
                // Whether an older one is the previous one depends on those that were used after it.
                if kind == Kind::PreviousOnce || kept.contains(&number) || kept.iter().any(older) {
                    kept.extend([number, successor]);
                }
            }
        }
        let kept: Vec<Token> =
            kept.into_iter().filter(|token| usize::from(*token) < self.tokens.len()).collect();
        let renamed = |token: Token| {
            kept.iter().position(|kept| *kept == token).and_then(|at| Token::try_from(at).ok())
        };
        let tokens = kept.iter().filter_map(|token| self.tokens.get(usize::from(*token)).copied());
        self.tokens = tokens
            .map(|issued| match issued.state {
                State::Spent { at, successor } => Issued {
                    state: State::Spent { at, successor: renamed(successor).unwrap_or(Token::MAX) },
                    ..issued
                },
                State::Active | State::Dead => issued,
            })
            .collect();
        kept
    }

    fn siblings_unused(&self, family: u8, token: Token) -> bool {
        let later = self.tokens.iter().skip(usize::from(token) + 1);
        later
            .filter(|issued| issued.family == family)
            .all(|issued| !matches!(issued.state, State::Spent { .. }))
    }

    fn issue(&mut self, family: u8) -> Token {
        self.tokens.push(Issued { family, state: State::Active });
        Token::try_from(self.tokens.len() - 1).unwrap_or(Token::MAX)
    }

    fn set(&mut self, token: Token, state: State) {
        if let Some(issued) = self.tokens.get_mut(usize::from(token)) {
            issued.state = state;
        }
    }

    fn bury(&mut self, family: u8, which: impl Fn(Token, State) -> bool) {
        for (number, issued) in self.tokens.iter_mut().enumerate() {
            let number = Token::try_from(number).unwrap_or(Token::MAX);
            if issued.family == family && which(number, issued.state) {
                issued.state = State::Dead;
            }
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

const fn grace(window: Window, replay: Replay, depth: Depth, blast: Blast) -> GraceProfile {
    GraceProfile { window, replay, depth, blast }
}

const fn granted(token: Token) -> Verdict {
    Verdict { granted: Some(token), sent_along: true, ended_a_grant: false }
}
