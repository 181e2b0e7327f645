use alloc::string::String;
use alloc::vec::Vec;

use crate::Code;

/// A problem document (RFC 9457): a service needs a person before a call can go on. Nothing was done for it, so it may be sent again,
/// whatever it was.
///
/// It is the services Worker's, under `/api` and with status 409, whose points in time are milliseconds since 1970. The
/// [`Problem`](crate::Problem) of the same code and status 401 says that of the session itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reauth {
    /// `urn:everlit:problem:reauth_required`.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: String,
    /// One sentence for a person, always the same.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// [`Code::ReauthRequired`].
    pub code: Code,
    /// Which token is missing: `service:<name>`.
    pub vault: String,
    /// The provider, in a word.
    pub provider: String,
    /// The provider, as people call it.
    pub provider_title: String,
    /// What this user can do, best first: `approval`, `popup`, `paste`. Empty for who may not.
    pub how: Vec<String>,
    /// Where the provider's login begins: with `popup`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub login_url: Option<String>,
    /// Who has to act: `you` or `operator`.
    pub who: String,
    /// Since when a person is needed.
    pub since: Option<u64>,
    /// A login before this moment would bring a token that ends together with the one there is.
    pub login_from: Option<u64>,
    /// Until when a person who was asked on the telephone can say yes.
    pub deadline: Option<u64>,
    /// `needs_human`.
    pub reason: String,
    /// What to do, in a sentence for a person.
    pub detail: String,
    /// The services Worker's clock.
    pub server_time: u64,
}

impl Reauth {
    /// The HTTP status that goes with it. Not 401: whoever calls is logged in.
    pub const STATUS: u16 = 409;
    /// Its title.
    pub const TITLE: &str = "A person has to renew the access to the provider.";
    /// Its reason.
    pub const REASON: &str = "needs_human";
}
