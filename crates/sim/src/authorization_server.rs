//! A model of an authorization server: how it rotates refresh tokens, and what it does with one that comes a second time.

use alloc::format;
use alloc::vec::Vec;

use everlit_core::retry::Failure;
use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Blast, Depth, GraceProfile, Granted, Replay, TokenAnswer, Window};

/// What the server does with a refresh token that was presented before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reuse {
    /// Strict: it takes that for theft and revokes the whole grant (RFC 9700, section 4.14.2).
    RevokesFamily,
    /// It revokes every grant of that user at that client: other devices too.
    RevokesUser,
    /// It refuses the token and leaves the grant alone.
    Refused,
    /// For so long it gives the same pair of tokens again; then it refuses.
    SamePair(Millis),
    /// For so long it gives a further pair, beside the first; then it revokes the whole grant.
    NewSibling(Millis),
    /// The parent of the active refresh token brings that one again, with a new access token, however late; anything older
    /// revokes the whole grant.
    ActiveToken,
    /// It does not notice: the token works again and brings one more successor.
    Unnoticed,
    /// It does not rotate: there is one refresh token for the life of the grant.
    NotRotating,
}

impl Reuse {
    /// Every kind, each with a window that is one in the field.
    pub const ALL: [Self; 8] = [
        Self::RevokesFamily,
        Self::RevokesUser,
        Self::Refused,
        Self::SamePair(Millis::from_secs(30)),
        Self::NewSibling(Millis::from_secs(60)),
        Self::ActiveToken,
        Self::Unnoticed,
        Self::NotRotating,
    ];

    /// What an operator who knows this server would configure.
    #[must_use]
    pub const fn profile(self) -> GraceProfile {
        let strict = GraceProfile::STRICT;
        match self {
            Self::RevokesFamily => strict,
            Self::RevokesUser => GraceProfile { blast: Blast::ClientAndUser, ..strict },
            Self::Refused => GraceProfile { blast: Blast::Token, ..strict },
            Self::SamePair(window) => GraceProfile {
                window: Window::For(window),
                replay: Replay::SamePair,
                blast: Blast::Token,
                ..strict
            },
            Self::NewSibling(window) => {
                GraceProfile { window: Window::For(window), replay: Replay::NewSibling, ..strict }
            }
            Self::ActiveToken => {
                GraceProfile { window: Window::Unlimited, replay: Replay::ActiveToken, ..strict }
            }
            Self::Unnoticed => GraceProfile {
                window: Window::Unlimited,
                replay: Replay::NewSibling,
                depth: Depth::Any,
                blast: Blast::Token,
            },
            Self::NotRotating => GraceProfile {
                window: Window::Unlimited,
                replay: Replay::ActiveToken,
                depth: Depth::Any,
                blast: Blast::Token,
            },
        }
    }
}

/// How the server feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mood {
    /// It answers.
    Well,
    /// It answers 503 or a page of HTML and does nothing.
    Sick,
    /// It does what it is asked and then answers 502 all the same.
    SickAfterwards,
    /// It does what it is asked, and something on the way turns its 200 into a page of HTML.
    Garbled,
    /// It asks for less until a time comes, and says so (429 with `Retry-After`) or does not.
    Throttling {
        /// When it is over.
        until: Timestamp,
        /// Whether it says when.
        told: bool,
    },
    /// It does not know its client any more (`invalid_client`).
    Estranged,
    /// It has too much to do: everybody waits in a queue, and half are refused in the end.
    Overloaded,
}

/// A server's habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// What a second use brings.
    pub reuse: Reuse,
    /// How long access tokens live.
    pub access_lifetime: Millis,
    /// A refresh kills the access token before it at once.
    pub kills_access: bool,
    /// A revocation (RFC 7009) ends one refresh token and leaves the rest of its grant alone.
    pub revokes_one: bool,
    /// How long it knows its user after a form.
    pub login_lives: Millis,
}

/// One grant: a family of refresh tokens, each the successor of the one before.
#[derive(Clone, Copy, Debug)]
struct Family {
    revoked: bool,
    /// The refresh token that was minted last.
    active: u32,
    /// The access token that was minted last.
    access: u32,
}

#[derive(Clone, Copy, Debug)]
struct Minted {
    family: usize,
    consumed_at: Option<Timestamp>,
    revoked: bool,
    /// What its first use brought.
    successor: Option<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Access {
    family: usize,
    expires_at: Timestamp,
}

/// What the server made of a token request.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What it says.
    pub answer: TokenAnswer,
    /// The refresh token that works from now on, by its number, if it gave one: also on a bad day, when it says otherwise.
    pub minted: Option<u32>,
    /// It took the request for theft, and ended more than this grant.
    pub blast: bool,
}

/// The server.
#[derive(Debug)]
pub struct AuthorizationServer {
    manners: Manners,
    /// How it feels just now.
    pub mood: Mood,
    /// Whoever comes next is asked for less, for so long.
    pub throttles_next: Option<Millis>,
    /// The resource server takes no token at all, whatever is wrong.
    pub takes_nothing: bool,
    /// When its user filled in a form last.
    form_at: Option<Timestamp>,
    families: Vec<Family>,
    refresh_tokens: Vec<Minted>,
    access_tokens: Vec<Access>,
}

impl AuthorizationServer {
    /// A server with these habits.
    #[must_use]
    pub const fn new(manners: Manners) -> Self {
        Self {
            manners,
            mood: Mood::Well,
            throttles_next: None,
            takes_nothing: false,
            form_at: None,
            families: Vec::new(),
            refresh_tokens: Vec::new(),
            access_tokens: Vec::new(),
        }
    }

    /// The user logs in: a new grant and its number. The first is number 0.
    pub fn log_in(&mut self, now: Timestamp) -> (usize, Granted) {
        let number = self.families.len();
        self.families.push(Family { revoked: false, active: 0, access: 0 });
        let (refresh, access) = (self.mint_refresh(number), self.mint_access(now, number));
        (number, self.granted(now, Some(refresh), access))
    }

    /// Its user fills in a form.
    pub const fn form_filled(&mut self, now: Timestamp) {
        self.form_at = Some(now);
    }

    /// Whether it still knows its user, who is not shown a form then.
    #[must_use]
    pub fn knows_user(&self, now: Timestamp) -> bool {
        self.form_at.is_some_and(|at| now.since(at) < self.manners.login_lives)
    }

    /// A login without a form (`prompt=none`): a new grant, or `login_required`.
    pub fn log_in_silently(&mut self, now: Timestamp) -> Option<(usize, Granted)> {
        self.knows_user(now).then(|| self.log_in(now))
    }

    /// A token request (RFC 6749, section 6). `refused` is for one that waited in vain.
    pub fn refresh(&mut self, now: Timestamp, token: &RefreshToken, refused: bool) -> Judgement {
        if self.mood == Mood::Well
            && let Some(wait) = self.throttles_next.take()
        {
            self.mood = Mood::Throttling { until: now.after(wait), told: true };
        }
        let unserved = match self.mood {
            Mood::Sick => Some(failed(Failure::Transient)),
            Mood::Overloaded if refused => Some(failed(Failure::Transient)),
            Mood::Throttling { until, told } if now < until => Some(TokenAnswer::Failed {
                failure: Failure::Throttled,
                retry_after: told.then(|| now.until(until)),
            }),
            Mood::Estranged => Some(failed(Failure::Misconfigured)),
            Mood::Well
            | Mood::SickAfterwards
            | Mood::Garbled
            | Mood::Throttling { .. }
            | Mood::Overloaded => None,
        };
        if let Some(answer) = unserved {
            return Judgement { answer, minted: None, blast: false };
        }
        let judgement = self.redeem(now, token);
        let said = match self.mood {
            // Whoever reads only the answer cannot tell this from `Sick`.
            Mood::SickAfterwards if judgement.minted.is_some() => Some(failed(Failure::Transient)),
            Mood::Garbled => Some(TokenAnswer::Unheard),
            Mood::Well
            | Mood::Sick
            | Mood::SickAfterwards
            | Mood::Throttling { .. }
            | Mood::Estranged
            | Mood::Overloaded => None,
        };
        match said {
            Some(answer) => Judgement { answer, ..judgement },
            None => judgement,
        }
    }

    fn redeem(&mut self, now: Timestamp, token: &RefreshToken) -> Judgement {
        let refused = Judgement { answer: failed(Failure::Reauth), minted: None, blast: false };
        let Some(number) = number_of(token.expose()) else { return refused };
        let Some(known) = self.refresh_tokens.get(number as usize).copied() else { return refused };
        let family = known.family;
        if known.revoked || self.is_revoked(family) {
            return refused;
        }
        let reuse = self.manners.reuse;
        let Some(consumed_at) = known.consumed_at.filter(|_| reuse != Reuse::Unnoticed) else {
            if reuse == Reuse::NotRotating {
                let access = self.mint_access(now, family);
                // The refresh token was named at login and is not named again.
                let answer = TokenAnswer::Granted(self.granted(now, None, access));
                return Judgement { answer, minted: Some(number), blast: false };
            }
            return self.rotate(now, number, family);
        };
        let successor = known.successor;
        match reuse {
            Reuse::SamePair(window) if now.since(consumed_at) < window => match successor {
                Some((refresh, access)) => {
                    let answer = TokenAnswer::Granted(self.granted(now, Some(refresh), access));
                    Judgement { answer, minted: Some(refresh), blast: false }
                }
                None => refused,
            },
            Reuse::NewSibling(window) if now.since(consumed_at) < window => self.rotate(now, number, family),
            Reuse::ActiveToken
                if successor.is_some_and(|(successor, _)| Some(successor) == self.active(family)) =>
            {
                let (active, access) = (self.active(family), self.mint_access(now, family));
                let answer = TokenAnswer::Granted(self.granted(now, active, access));
                Judgement { answer, minted: active, blast: false }
            }
            Reuse::RevokesUser => {
                for family in &mut self.families {
                    family.revoked = true;
                }
                Judgement { blast: true, ..refused }
            }
            Reuse::RevokesFamily | Reuse::NewSibling(_) | Reuse::ActiveToken => {
                self.revoke_family(family);
                refused
            }
            Reuse::Refused | Reuse::SamePair(_) | Reuse::Unnoticed | Reuse::NotRotating => refused,
        }
    }

    fn rotate(&mut self, now: Timestamp, number: u32, family: usize) -> Judgement {
        let (refresh, access) = (self.mint_refresh(family), self.mint_access(now, family));
        if let Some(spent) = self.refresh_tokens.get_mut(number as usize) {
            spent.consumed_at.get_or_insert(now);
            spent.successor = Some((refresh, access));
        }
        let answer = TokenAnswer::Granted(self.granted(now, Some(refresh), access));
        Judgement { answer, minted: Some(refresh), blast: false }
    }

    fn active(&self, family: usize) -> Option<u32> {
        self.families.get(family).map(|family| family.active)
    }

    fn mint_refresh(&mut self, family: usize) -> u32 {
        let number = u32::try_from(self.refresh_tokens.len()).unwrap_or(u32::MAX);
        self.refresh_tokens.push(Minted { family, consumed_at: None, revoked: false, successor: None });
        if let Some(family) = self.families.get_mut(family) {
            family.active = number;
        }
        number
    }

    fn mint_access(&mut self, now: Timestamp, family: usize) -> u32 {
        let number = u32::try_from(self.access_tokens.len()).unwrap_or(u32::MAX);
        self.access_tokens.push(Access { family, expires_at: now.after(self.manners.access_lifetime) });
        if let Some(grant) = self.families.get_mut(family) {
            let before = core::mem::replace(&mut grant.access, number);
            if self.manners.kills_access
                && before != number
                && let Some(killed) =
                    self.access_tokens.get_mut(before as usize).filter(|access| access.family == family)
            {
                killed.expires_at = killed.expires_at.min(now);
            }
        }
        number
    }

    fn granted(&self, now: Timestamp, refresh: Option<u32>, access: u32) -> Granted {
        let expires_at = self.access_tokens.get(access as usize).map_or(now, |access| access.expires_at);
        Granted {
            access_token: Secret::new(format!("a{access}")),
            expires_in: now.until(expires_at),
            refresh_token: refresh.map(|refresh| Secret::new(format!("r{refresh}"))),
            target: None,
        }
    }

    /// Whether it does not serve anybody.
    #[must_use]
    pub fn is_sick(&self) -> bool {
        self.mood == Mood::Sick
    }

    /// A revocation request (RFC 7009). Most servers end the whole grant. False if it cannot be served just now.
    pub fn revoke(&mut self, now: Timestamp, token: &RefreshToken) -> bool {
        let serves = match self.mood {
            Mood::Well | Mood::SickAfterwards | Mood::Garbled | Mood::Overloaded => true,
            Mood::Throttling { until, .. } => until <= now,
            Mood::Sick | Mood::Estranged => false,
        };
        if serves
            && let Some(minted) =
                number_of(token.expose()).and_then(|number| self.refresh_tokens.get_mut(number as usize))
        {
            minted.revoked = true;
            let family = minted.family;
            if !self.manners.revokes_one {
                self.revoke_family(family);
            }
        }
        serves
    }

    /// Somebody ends a grant at the server itself.
    pub fn revoke_family(&mut self, family: usize) {
        if let Some(family) = self.families.get_mut(family) {
            family.revoked = true;
        }
    }

    /// The grant that a refresh token is of.
    #[must_use]
    pub fn grant_of(&self, token: &RefreshToken) -> Option<usize> {
        let number = number_of(token.expose())? as usize;
        self.refresh_tokens.get(number).map(|minted| minted.family)
    }

    /// Whether a grant was ended.
    #[must_use]
    pub fn is_revoked(&self, family: usize) -> bool {
        self.families.get(family).is_none_or(|family| family.revoked)
    }

    /// The refresh tokens of a grant that somebody could still use, by number.
    pub fn live_tokens(&self, family: usize) -> impl Iterator<Item = u32> + '_ {
        let revoked = self.is_revoked(family);
        let tokens = self.refresh_tokens.iter().zip(0..);
        tokens
            .filter(move |(token, _)| {
                !revoked && token.family == family && !token.revoked && token.consumed_at.is_none()
            })
            .map(|(_, number)| number)
    }

    /// Whether a resource server takes this access token: it is known, lives, and its grant was not ended.
    #[must_use]
    pub fn takes(&self, now: Timestamp, token: &AccessToken) -> bool {
        number_of(token.expose()).and_then(|number| self.access_tokens.get(number as usize)).is_some_and(
            |access| !self.takes_nothing && now < access.expires_at && !self.is_revoked(access.family),
        )
    }
}

/// Tokens are named by their number, after a letter.
fn number_of(token: &str) -> Option<u32> {
    token.get(1..)?.parse().ok()
}

const fn failed(failure: Failure) -> TokenAnswer {
    TokenAnswer::Failed { failure, retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);
    const NOBODY: Millis = Millis::ZERO;

    fn server(reuse: Reuse) -> AuthorizationServer {
        let access_lifetime = Millis::from_secs(60);
        AuthorizationServer::new(Manners {
            reuse,
            access_lifetime,
            kills_access: false,
            revokes_one: false,
            login_lives: NOBODY,
        })
    }

    fn successor(judgement: Judgement) -> Option<RefreshToken> {
        match judgement.answer {
            TokenAnswer::Granted(grant) => grant.refresh_token,
            TokenAnswer::Unusable { successor } => successor,
            TokenAnswer::Failed { .. } | TokenAnswer::Unsent | TokenAnswer::Unheard => None,
        }
    }

    #[test]
    fn a_second_use_is_judged_by_the_kind_of_server() {
        let (minute, soon, late) = (Millis::from_secs(60), Millis::from_secs(10), Millis::from_secs(3_600));
        for (reuse, after, works_again, successor_lives, others_live) in [
            (Reuse::RevokesFamily, soon, false, false, true),
            (Reuse::RevokesUser, soon, false, false, false),
            (Reuse::Refused, soon, false, true, true),
            (Reuse::SamePair(minute), soon, true, true, true),
            (Reuse::SamePair(minute), late, false, true, true),
            (Reuse::NewSibling(minute), soon, true, true, true),
            (Reuse::NewSibling(minute), late, false, false, true),
            (Reuse::ActiveToken, late, true, true, true),
            (Reuse::Unnoticed, late, true, true, true),
        ] {
            let mut server = server(reuse);
            let first = server.log_in(NOW).1.refresh_token.unwrap();
            let (other, _) = server.log_in(NOW);
            let second = successor(server.refresh(NOW, &first, false)).unwrap();
            let then = NOW.after(after);
            let again = successor(server.refresh(then, &first, false));
            assert_eq!(again.is_some(), works_again, "{reuse:?}");
            if let Some(again) = again {
                let same = matches!(reuse, Reuse::SamePair(_) | Reuse::ActiveToken);
                assert_eq!(again == second, same, "{reuse:?}");
            }
            assert_eq!(
                successor(server.refresh(then, &second, false)).is_some(),
                successor_lives,
                "{reuse:?}"
            );
            assert_eq!(!server.is_revoked(other), others_live, "{reuse:?}");
        }
    }

    #[test]
    fn a_grandparent_of_the_active_token_ends_the_grant_there() {
        let mut server = server(Reuse::ActiveToken);
        let first = server.log_in(NOW).1.refresh_token.unwrap();
        let second = successor(server.refresh(NOW, &first, false)).unwrap();
        assert!(successor(server.refresh(NOW, &second, false)).is_some());
        assert!(successor(server.refresh(NOW, &first, false)).is_none());
        assert!(server.is_revoked(0));
    }

    #[test]
    fn a_server_that_does_not_rotate_names_no_refresh_token_again() {
        let mut server = server(Reuse::NotRotating);
        let first = server.log_in(NOW).1.refresh_token.unwrap();
        for _ in 0..3 {
            let TokenAnswer::Granted(grant) = server.refresh(NOW, &first, false).answer else {
                panic!("refused")
            };
            assert_eq!(grant.refresh_token, None);
        }
    }

    #[test]
    fn an_access_token_is_taken_until_it_expires_or_its_grant_ends() {
        let mut server = server(Reuse::RevokesFamily);
        let (_, grant) = server.log_in(NOW);
        assert!(server.takes(NOW, &grant.access_token));
        assert!(!server.takes(NOW.after(Millis::from_secs(60)), &grant.access_token));
        assert!(server.revoke(NOW, &grant.refresh_token.unwrap()));
        assert!(!server.takes(NOW, &grant.access_token));
    }

    #[test]
    fn some_kill_the_old_access_token_and_some_revoke_one_token_alone() {
        let manners = Manners {
            reuse: Reuse::RevokesFamily,
            access_lifetime: Millis::from_secs(60),
            kills_access: true,
            revokes_one: true,
            login_lives: NOBODY,
        };
        let mut server = AuthorizationServer::new(manners);
        let (family, grant) = server.log_in(NOW);
        let first = grant.refresh_token.unwrap();
        let second = successor(server.refresh(NOW, &first, false)).unwrap();
        assert!(!server.takes(NOW, &grant.access_token));
        assert!(server.revoke(NOW, &first));
        assert_eq!(server.live_tokens(family).count(), 1, "its successor lives on");
        assert!(server.revoke(NOW, &second));
        assert_eq!(server.live_tokens(family).count(), 0);
        server.mood = Mood::Sick;
        assert!(!server.revoke(NOW, &second));
    }

    #[test]
    fn its_own_login_lives_from_its_last_form_and_renews_grants_until_then() {
        let hours = |hours: u64| NOW.after(Millis::from_secs(hours * 3_600));
        let manners = Manners { login_lives: hours(8).since(NOW), ..server(Reuse::RevokesFamily).manners };
        let mut server = AuthorizationServer::new(manners);
        assert!(server.log_in_silently(NOW).is_none());
        server.form_filled(hours(1));
        assert!(server.log_in_silently(hours(8)).is_some(), "that was no form");
        assert!(server.log_in_silently(hours(9)).is_none());
    }

    #[test]
    fn a_crowded_server_serves_some_and_a_429_is_for_whoever_comes_next() {
        let mut server = server(Reuse::RevokesFamily);
        let first = server.log_in(NOW).1.refresh_token.unwrap();
        server.mood = Mood::Overloaded;
        assert!(server.refresh(NOW, &first, true).minted.is_none());
        let second = successor(server.refresh(NOW, &first, false)).unwrap();
        server.mood = Mood::Well;
        server.throttles_next = Some(Millis::from_secs(7));
        let throttled = server.refresh(NOW, &second, false).answer;
        let wait = Some(Millis::from_secs(7));
        assert_eq!(throttled, TokenAnswer::Failed { failure: Failure::Throttled, retry_after: wait });
        assert!(server.refresh(NOW.after(Millis::from_secs(7)), &second, false).minted.is_some());
    }
}
