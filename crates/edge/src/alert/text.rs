//! What is said, in plain words.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::service::{Class, Kind, Source, Want};
use everlit_core::time::Timestamp;

use super::Alert;
use crate::words::{clean, clock, moment, time_left};

/// The most characters of a name. A configuration has none so long. A headline with two of them is what Slack takes for one: 150.
pub(super) const NAME_MAX: usize = 40;
/// The longest address that is shown.
const LINK_MAX: usize = 1_024;

/// What stands before an address.
pub(super) const OPEN: &str = "Open: ";

/// An alert in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// All of it in a few words.
    pub(super) headline: String,
    /// What there is to know, a sentence or two each.
    pub(super) lines: Vec<String>,
    /// What a person can follow.
    pub(super) link: Option<String>,
}

/// What is to be said of one kind.
struct Words {
    what: String,
    lines: Vec<String>,
    /// Whether a login helps.
    invites: bool,
}

impl Said {
    /// What is true of an alert when it is read at this time.
    pub(super) fn at(alert: &Alert<'_>, now: Timestamp) -> Self {
        let (service, title) = (clean(alert.service, NAME_MAX), clean(alert.title, NAME_MAX));
        let Words { what, lines, invites } = words(alert, &title, now);
        let link = alert.link.filter(|_| invites).map(|link| link.to_string());
        Self {
            headline: alloc::format!("{service} ({title}): {what}"),
            lines,
            link: link.filter(|link| link.len() <= LINK_MAX),
        }
    }

    /// What follows the headline, a line each.
    pub(super) fn body(&self) -> String {
        let mut lines = self.lines.clone();
        lines.extend(self.link.as_ref().map(|link| [OPEN, link].concat()));
        lines.join("\n")
    }

    /// All of it.
    pub(super) fn text(&self) -> String {
        [&self.headline, "\n", &self.body()].concat()
    }
}

fn words(alert: &Alert<'_>, title: &str, now: Timestamp) -> Words {
    let when = |at| moment(at, alert.zone, now);
    let plain = |what: &str, lines: &[&str]| Words {
        what: what.to_string(),
        lines: lines.iter().map(|line| line.to_string()).collect(),
        invites: false,
    };
    match alert.kind {
        Kind::ExpiringSoon { expires_at, .. } if expires_at <= now => Words {
            what: "the token has ended".to_string(),
            lines: [
                alloc::format!("It ended at {}, and nothing had renewed it.", when(expires_at)),
                HELPS.to_string(),
            ]
            .into(),
            invites: true,
        },
        Kind::ExpiringSoon { expires_at, login_from, .. } => {
            let helps = login_from <= now;
            // Mostly it is the very end of the present one, which was just said at length.
            let from =
                if login_from == expires_at { clock(login_from, alert.zone) } else { when(login_from) };
            let advice = if helps {
                HELPS.to_string()
            } else {
                alloc::format!(
                    "A login now does not help: its token would end no later than this one. New login possible from {from}."
                )
            };
            Words {
                what: alloc::format!("the token ends in {}", time_left(now.until(expires_at))),
                lines: [
                    alloc::format!(
                        "It ends at {}, and nothing has renewed it so far. After that it is given to no caller.",
                        when(expires_at)
                    ),
                    advice,
                ]
                .into(),
                invites: helps,
            }
        }
        Kind::RenewalFailed(class) => {
            let (why, next) = failure(class);
            plain("the renewal failed", &[why, next])
        }
        Kind::FailedRepeatedly { rounds } => {
            let rounds = alloc::format!("{rounds} rounds of attempts to renew the token came to nothing.");
            plain(
                "the renewal fails again and again",
                &[&rounds, "Somebody should look why. The status of the service names the last failure."],
            )
        }
        Kind::OnFallback { until: None } => plain(
            "the app lives on other data",
            &[
                "Its calls to the provider come to nothing, so the app goes on with its other source.",
                "It tries the provider again by itself. The status says whether a person is needed.",
            ],
        ),
        Kind::OnFallback { until: Some(until) } if until <= now => plain(
            "only reading worked",
            &[&alloc::format!(
                "The token is over. Callers that only read were given another one, until {}.",
                when(until)
            )],
        ),
        Kind::OnFallback { until: Some(until) } => plain(
            "only reading works",
            &[
                "The token is over. Callers that only read are given another one; all others get none.",
                &alloc::format!("That one ends at {}, in {}.", when(until), time_left(now.until(until))),
            ],
        ),
        Kind::Renewed(source) => plain(
            "the token is renewed",
            &[arrival(source), "What was said before is settled. Nothing is left to do."],
        ),
        Kind::HumanAnswered(source) => plain(
            "somebody has brought a new token",
            &[arrival(source), "Calls go on. Nothing is left to do."],
        ),
        Kind::HumanNeeded { want, push } => needed(want, push, title),
    }
}

/// Said with a link, where there is one.
const HELPS: &str = "A new login helps now: its token lives longer.";

/// Why a renewal failed, and what comes next.
const fn failure(class: Class) -> (&'static str, &'static str) {
    const GOES_ON: &str = "It is tried again by itself. Nobody has to act yet.";
    const NO_LOGIN: &str = "A login does not help.";
    const BY_LOGIN: &str = "It is not tried again in this way before somebody has logged in.";
    match class {
        Class::Transient => ("The provider was not reached, or had a fault of its own.", GOES_ON),
        Class::RateLimited => ("The provider asks for fewer calls.", GOES_ON),
        Class::ServiceClosed => ("The provider is closed at this hour.", GOES_ON),
        Class::Ambiguous => ("The provider's answer could mean anything.", GOES_ON),
        Class::OutcomeUnknown => (
            "It was sent, and nobody knows what came of it.",
            "That is found out by itself. Nobody has to act yet.",
        ),
        Class::AccessExpired => ("The provider says that the token is over already.", BY_LOGIN),
        Class::ReauthRequired => ("The provider says that what the token is renewed by is over.", BY_LOGIN),
        Class::UserActionRequired => (
            "The provider wants the account's owner to do something there: to accept its terms, or to unlock it.",
            NO_LOGIN,
        ),
        Class::ClientMisconfigured => (
            "The provider does not accept the key or the secret of the app. An operator has to correct that.",
            NO_LOGIN,
        ),
        Class::WrongToken => (
            "The provider does not let this token be renewed. An operator has to look at the configuration.",
            NO_LOGIN,
        ),
    }
}

/// How a token came.
const fn arrival(source: Source) -> &'static str {
    match source {
        Source::Pasted => "A token was handed in.",
        Source::Approved => "It was approved on a phone.",
        Source::Imported => "A token was taken over from a file or an environment.",
        Source::LoggedIn => "Somebody logged in.",
        Source::Automatic(_) => "That was done by itself.",
    }
}

fn needed(want: Want, push: bool, title: &str) -> Words {
    let (why, helps) = match want {
        Want::FirstToken => ("There is no token yet.", true),
        Want::Lapsed => ("The token has ended, as planned.", true),
        Want::GrantOver => ("The token has ended, and so has what it was renewed by.", true),
        Want::LoggedOut => ("An operator has ended the session.", true),
        Want::Refused(Class::UserActionRequired) => (
            "The provider wants the account's owner to do something there first: to accept its terms, or to unlock it.",
            false,
        ),
        Want::Refused(Class::ClientMisconfigured) => (
            "The provider does not accept the key or the secret of the app. An operator has to correct that first.",
            false,
        ),
        Want::Refused(
            Class::Transient
            | Class::RateLimited
            | Class::AccessExpired
            | Class::ReauthRequired
            | Class::ServiceClosed
            | Class::WrongToken
            | Class::Ambiguous
            | Class::OutcomeUnknown,
        ) => ("The provider does not take the token any more.", true),
    };
    let mut lines = Vec::from([why.to_string()]);
    if push {
        lines.push(alloc::format!(
            "{title} asks on the phone of the account's owner: to approve it there is enough."
        ));
    } else if helps {
        lines.push(
            "Only a person can bring one, by a login or by handing one in. Callers wait for it.".to_string(),
        );
    }
    let what = if helps { "a login is needed" } else { "a person is needed" };
    Words { what: what.to_string(), lines, invites: helps }
}
