//! A model of an authorization server: it rotates refresh tokens and notices when one comes a second time.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::retry::Failure;
use everlit_core::secret::{AccessToken, RefreshToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Granted, TokenAnswer};

/// What the server does with a refresh token that was presented before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reuse {
    /// Strict: it takes that for theft and revokes the whole grant (RFC 9700, section 4.14.2).
    RevokesFamily,
    /// It refuses the token and leaves the grant alone.
    Refused,
    /// It does not notice: the token works again and brings one more successor.
    Unnoticed,
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
    /// It asks for less until a time comes, and says so (429 with `Retry-After`) or does not.
    Throttling {
        /// When it is over.
        until: Timestamp,
        /// Whether it says when.
        told: bool,
    },
    /// It does not know its client any more (`invalid_client`).
    Estranged,
}

/// One grant: a family of refresh tokens, each the successor of the one before.
#[derive(Clone, Copy, Debug, Default)]
struct Family {
    revoked: bool,
    minted: u32,
}

#[derive(Clone, Copy, Debug)]
struct Minted {
    family: usize,
    consumed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Access {
    family: usize,
    expires_at: Timestamp,
}

/// The server.
#[derive(Debug)]
pub struct AuthorizationServer {
    reuse: Reuse,
    access_lifetime: Millis,
    /// How it feels just now.
    pub mood: Mood,
    families: Vec<Family>,
    refresh_tokens: BTreeMap<String, Minted>,
    access_tokens: BTreeMap<String, Access>,
}

impl AuthorizationServer {
    /// A server whose access tokens live so long.
    #[must_use]
    pub const fn new(reuse: Reuse, access_lifetime: Millis) -> Self {
        Self {
            reuse,
            access_lifetime,
            mood: Mood::Well,
            families: Vec::new(),
            refresh_tokens: BTreeMap::new(),
            access_tokens: BTreeMap::new(),
        }
    }

    /// A user logs in: a new grant and its number. The first is number 0.
    pub fn log_in(&mut self, now: Timestamp) -> (usize, Granted) {
        let number = self.families.len();
        self.families.push(Family::default());
        (number, self.mint(now, number))
    }

    /// A token request (RFC 6749, section 6): what the server answers, and whether it gave new tokens, which is not the
    /// same on a bad day.
    pub fn refresh(&mut self, now: Timestamp, token: &RefreshToken) -> (TokenAnswer, bool) {
        let unserved = match self.mood {
            Mood::Sick => Some(failed(Failure::Transient)),
            Mood::Throttling { until, told } if now < until => Some(TokenAnswer::Failed {
                failure: Failure::Throttled,
                retry_after: told.then(|| now.until(until)),
            }),
            Mood::Estranged => Some(failed(Failure::Misconfigured)),
            Mood::Well | Mood::SickAfterwards | Mood::Throttling { .. } => None,
        };
        if let Some(answer) = unserved {
            return (answer, false);
        }
        let answer = self.redeem(now, token);
        let granted = matches!(answer, TokenAnswer::Granted(_));
        if granted && self.mood == Mood::SickAfterwards {
            // Whoever reads only the answer cannot tell this from `Sick`.
            return (failed(Failure::Transient), true);
        }
        (answer, granted)
    }

    fn redeem(&mut self, now: Timestamp, token: &RefreshToken) -> TokenAnswer {
        let refused = failed(Failure::Reauth);
        let Some(minted) = self.refresh_tokens.get_mut(token.expose()) else { return refused };
        let Some(family) = self.families.get_mut(minted.family) else { return refused };
        if family.revoked {
            return refused;
        }
        let again = core::mem::replace(&mut minted.consumed, true);
        match self.reuse {
            Reuse::RevokesFamily if again => {
                family.revoked = true;
                refused
            }
            Reuse::Refused if again => refused,
            Reuse::RevokesFamily | Reuse::Refused | Reuse::Unnoticed => {
                let family = minted.family;
                TokenAnswer::Granted(self.mint(now, family))
            }
        }
    }

    fn mint(&mut self, now: Timestamp, family: usize) -> Granted {
        let mut number = 0;
        if let Some(grant) = self.families.get_mut(family) {
            grant.minted = grant.minted.saturating_add(1);
            number = grant.minted;
        }
        let (access, refresh) = (format!("access-{family}-{number}"), format!("refresh-{family}-{number}"));
        self.access_tokens
            .insert(access.clone(), Access { family, expires_at: now.after(self.access_lifetime) });
        self.refresh_tokens.insert(refresh.clone(), Minted { family, consumed: false });
        Granted {
            access_token: Secret::new(access),
            expires_in: self.access_lifetime,
            refresh_token: Some(Secret::new(refresh)),
        }
    }

    /// A revocation request (RFC 7009): like most servers, this one ends the whole grant.
    pub fn revoke(&mut self, token: &RefreshToken) {
        if let Some(minted) = self.refresh_tokens.get(token.expose()) {
            let family = minted.family;
            self.revoke_family(family);
        }
    }

    /// Somebody ends a grant at the server itself.
    pub fn revoke_family(&mut self, family: usize) {
        if let Some(family) = self.families.get_mut(family) {
            family.revoked = true;
        }
    }

    /// Whether a grant was ended.
    #[must_use]
    pub fn is_revoked(&self, family: usize) -> bool {
        self.families.get(family).is_none_or(|family| family.revoked)
    }

    /// Whether a resource server takes this access token: it is known, lives, and its grant was not ended.
    #[must_use]
    pub fn takes(&self, now: Timestamp, token: &AccessToken) -> bool {
        self.access_tokens
            .get(token.expose())
            .is_some_and(|access| now < access.expires_at && !self.is_revoked(access.family))
    }
}

const fn failed(failure: Failure) -> TokenAnswer {
    TokenAnswer::Failed { failure, retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn successor((answer, _): (TokenAnswer, bool)) -> Option<RefreshToken> {
        match answer {
            TokenAnswer::Granted(grant) => grant.refresh_token,
            TokenAnswer::Failed { .. } => None,
        }
    }

    #[test]
    fn a_second_use_is_judged_by_the_kind_of_server() {
        for (reuse, works_again, successor_lives) in [
            (Reuse::RevokesFamily, false, false),
            (Reuse::Refused, false, true),
            (Reuse::Unnoticed, true, true),
        ] {
            let mut server = AuthorizationServer::new(reuse, Millis::from_secs(60));
            let first = server.log_in(NOW).1.refresh_token.unwrap();
            let second = successor(server.refresh(NOW, &first)).unwrap();
            assert_eq!(successor(server.refresh(NOW, &first)).is_some(), works_again, "{reuse:?}");
            assert_eq!(successor(server.refresh(NOW, &second)).is_some(), successor_lives, "{reuse:?}");
        }
    }

    #[test]
    fn an_access_token_is_taken_until_it_expires_or_its_grant_ends() {
        let mut server = AuthorizationServer::new(Reuse::RevokesFamily, Millis::from_secs(60));
        let (_, grant) = server.log_in(NOW);
        assert!(server.takes(NOW, &grant.access_token));
        assert!(!server.takes(NOW.after(Millis::from_secs(60)), &grant.access_token));
        server.revoke(&grant.refresh_token.unwrap());
        assert!(!server.takes(NOW, &grant.access_token));
    }
}
