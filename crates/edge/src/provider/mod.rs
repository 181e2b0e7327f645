//! A provider is a description, not a code path.
//!
//! What is written here is what the vault machine and the Worker need to know of a token source before they have spoken to it: how its
//! tokens end ([`expiry`]), how the next one is had ([`renewal`]), which call shows that one lives and what it costs ([`validation`]),
//! from where it can be called ([`placement`]), and what its answers mean ([`class`]). A [`Description`] is all of that on a page;
//! beside it lie the texts of the provider's own protocol, built and read, and nothing that sends them. `README.md` says how another
//! one is added.
//!
//! Any OpenID Connect provider is found by discovery, and its texts are those of [`crate::oauth`] and [`crate::oidc`]. What its server
//! forgives is looked up in [`servers`], or set.

mod body;
pub mod breeze;
pub mod class;
pub mod description;
pub mod expiry;
pub mod kite;
pub mod openid;
pub mod others;
pub mod pasted;
pub mod placement;
pub mod protocol;
pub mod renewal;
pub mod servers;
pub mod stated;
pub mod supabase;
pub mod upstox;
pub mod validation;
pub mod watch;

pub use class::{About, Asked, Class, Classify, Judgement, Person};
pub use description::Description;
use everlit_core::time::Millis;
pub use everlit_core::vault::{Blast, Depth, GraceProfile, KeepGrant, Replay, Window};
pub use expiry::{Cutoff, Expiry, NewLogin, Told, WallClock, Zone};
pub use placement::Placement;
pub use protocol::Protocol;
pub use renewal::{CredentialGrant, Keepalive, PushApproval, Refresh, Renewal, Rotation, SelfExtend};
pub use stated::Stated;
pub use validation::{Budget, Credential, Validation};
pub use watch::Watch;

/// The kind of a provider, as a configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `oidc`: endpoints, keys and abilities come from its discovery document.
    OpenIdConnect,
    /// `supabase`: Supabase Auth, by its own protocol.
    Supabase,
}

/// What a refresh token is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshGrant {
    /// What may be done with one whose answer was lost.
    pub grace: GraceProfile,
    /// After how long without use the server lets the grant lapse, where that is known.
    pub idle: Option<Millis>,
    /// Whether it is used before that for its own sake.
    pub keep: KeepGrant,
    /// Whether the logins of one user at this client share one grant at the server, so that to revoke a token of one ends
    /// them all.
    pub shared: bool,
    /// Whether a refresh ends the access tokens that came before it.
    pub ends_tokens: bool,
}

/// How the client's request for tokens can be ended for good, at logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// At the `revocation_endpoint` (RFC 7009), where the discovery document names one.
    Endpoint,
}

/// What a deployment's configuration says of a provider that renews by the refresh grant: what is shipped, corrected by whoever knows
/// better. (A [`Description`] is what is shipped; this is copied into each configuration, so it holds only what a vault asks for.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its kind.
    pub kind: Kind,
    /// How it says when a token expires.
    pub expiry: Stated,
    /// What its refresh tokens are like.
    pub grant: RefreshGrant,
    /// How it revokes.
    pub revocation: Revocation,
}

impl Provider {
    /// Any OpenID Connect provider. It is taken to be strict about refresh tokens until somebody knows better: to be wrong
    /// about that costs one login, and to be wrong the other way costs every device of the user. And its grants are taken to
    /// be shared: to be wrong about that leaves a token behind that lapses, the other way it ends a login that just began.
    pub const OPEN_ID_CONNECT: Self = Self {
        kind: Kind::OpenIdConnect,
        // [`crate::oauth::expires_in`] says what else it may be taken for.
        expiry: Stated::ExpiresIn,
        grant: RefreshGrant {
            grace: GraceProfile::STRICT,
            idle: None,
            keep: KeepGrant::UntilIdleLimit,
            shared: true,
            ends_tokens: false,
        },
        revocation: Revocation::Endpoint,
    };

    /// Supabase Auth: each login has a session of its own there, and a refresh token whose answer was lost may always be shown again.
    pub const SUPABASE: Self = Self {
        kind: Kind::Supabase,
        grant: RefreshGrant {
            grace: supabase::GRACE,
            idle: None,
            keep: KeepGrant::UntilIdleLimit,
            shared: false,
            ends_tokens: false,
        },
        ..Self::OPEN_ID_CONNECT
    };

    /// What its refresh tokens are like.
    #[must_use]
    pub const fn refresh_grant(&self) -> RefreshGrant {
        self.grant
    }

    /// Its grace profile.
    #[must_use]
    pub const fn grace(&self) -> GraceProfile {
        self.grant.grace
    }
}

/// All descriptions, by name. Those of [`others`] have no stand-in.
pub const DESCRIPTIONS: [Description; 12] = [
    others::ALPACA,
    others::ALPACA_BROKER,
    others::ANGEL,
    breeze::DESCRIPTION,
    others::DHAN,
    others::FYERS,
    others::IBKR,
    kite::DESCRIPTION,
    openid::DESCRIPTION,
    others::SCHWAB,
    supabase::DESCRIPTION,
    upstox::DESCRIPTION,
];

/// The description of this name.
#[must_use]
pub fn described(name: &str) -> Option<Description> {
    DESCRIPTIONS.into_iter().find(|description| description.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_say_where_they_are_known_from_and_what_is_assumed() {
        assert!(DESCRIPTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        for description in DESCRIPTIONS {
            let name = description.name;
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name}");
            assert!(!description.source.is_empty() && !description.assumed.is_empty(), "{name}");
            assert_eq!(described(name).map(|found| found.title), Some(description.title));
            for address in description.origin.into_iter().chain(description.login) {
                assert!(
                    crate::url::HttpUrl::parse(address).is_some_and(|url| url.origin().is_trustworthy()),
                    "{address}"
                );
            }
        }
        assert!(described("Upstox").is_none() && described("").is_none());
    }

    #[test]
    fn what_is_served_has_a_protocol_and_a_page_where_people_log_in() {
        let served: alloc::vec::Vec<_> = DESCRIPTIONS
            .into_iter()
            .filter_map(|known| known.protocol.map(|protocol| (known, protocol)))
            .collect();
        let names: alloc::vec::Vec<_> = served.iter().map(|(description, _)| description.name).collect();
        assert_eq!(names, ["alpaca-broker", "breeze", "kite", "oidc", "supabase", "upstox"]);
        for (description, protocol) in served {
            assert_eq!(description.login.is_some(), protocol.logs_in(), "{}", description.name);
            // Its resource servers are anybody's, so none can be asked.
            assert!(protocol != Protocol::OAuth || description.validation.is_none(), "{}", description.name);
        }
    }

    #[test]
    fn who_cannot_be_renewed_says_why() {
        let mut unattended = alloc::vec::Vec::new();
        for description in DESCRIPTIONS {
            assert!(!description.renewals.is_empty());
            if description.is_unattended() {
                unattended.push(description.name);
            } else {
                assert!(description.why_a_person.is_some(), "{}", description.name);
            }
        }
        assert_eq!(unattended, ["alpaca-broker", "angel", "dhan", "ibkr", "oidc", "schwab", "supabase"]);
    }

    #[test]
    fn what_dies_by_the_clock_ends_within_a_day() {
        let now = everlit_core::time::Timestamp::from_millis(1_790_951_400_000);
        for description in [upstox::DESCRIPTION, breeze::DESCRIPTION, kite::DESCRIPTION] {
            let end = description.expiry.plan(now, Told::default()).unwrap();
            assert!(now < end && now.until(end) <= Millis::from_days(1), "{}", description.name);
            assert!(!description.is_unattended());
        }
        assert_eq!(others::SCHWAB.grant_ends_at(now), Some(now.after(Millis::from_days(7))));
        assert_eq!(upstox::DESCRIPTION.grant_ends_at(now), None);
    }

    #[test]
    fn any_member_can_be_corrected() {
        let approved = Description { renewals: kite::APPROVED, ..kite::DESCRIPTION };
        assert!(approved.is_unattended() && !kite::DESCRIPTION.is_unattended());
        let whole_day = Description { expiry: Expiry::Fixed(Millis::from_days(1)), ..breeze::DESCRIPTION };
        let now = everlit_core::time::Timestamp::from_millis(1_790_951_400_000);
        assert_eq!(whole_day.expiry.plan(now, Told::default()), Some(now.after(Millis::from_days(1))));
    }

    #[test]
    fn whose_account_it_is_must_be_said_where_a_login_could_be_anybodys() {
        let needs = DESCRIPTIONS.into_iter().filter(Description::needs_account);
        let names: alloc::vec::Vec<_> = needs.map(|description| description.name).collect();
        assert_eq!(names, ["breeze", "kite"]);
    }

    #[test]
    fn only_breeze_wants_a_body_in_a_get_and_its_secret_in_each_call() {
        for description in DESCRIPTIONS {
            let placement = description.placement;
            assert_eq!(placement.get_with_body || placement.secret_for_calls, description.name == "breeze");
            assert!(!placement.browser_safe || !placement.secret_for_calls);
        }
    }
}
