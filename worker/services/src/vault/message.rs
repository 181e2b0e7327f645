//! What the Worker and a vault say to each other, over a binding that nobody else has.

use everlit_core::id::{Epoch, Generation, Stamp};
use serde::{Deserialize, Serialize};

/// A question for the token.
pub(crate) const TOKEN: &str = "token";
/// A question for another one.
pub(crate) const REFRESH: &str = "refresh";
/// A question for the token, or for another one, in the name of a user of the app.
pub(crate) const PERSON: &str = "person";
/// That the app lives on another source.
pub(crate) const FALLBACK: &str = "fallback";
/// Something handed in.
pub(crate) const CREDENTIAL: &str = "credential";
/// Where it stands.
pub(crate) const STATUS: &str = "status";
/// The end of the session.
pub(crate) const LOGOUT: &str = "logout";
/// A ticket for a login.
pub(crate) const TICKET: &str = "ticket";
/// The begin of a login.
pub(crate) const LOGIN: &str = "login";
/// Its end.
pub(crate) const CALLBACK: &str = "callback";
/// What the provider says by itself.
pub(crate) const NOTICE: &str = "notice";
/// What the provider answered a call with the token.
pub(crate) const ANSWERED: &str = "answered";

/// A token, by its place among all of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) epoch: u64,
    pub(crate) generation: u32,
}

impl From<Stamp> for Place {
    fn from(stamp: Stamp) -> Self {
        Self { epoch: stamp.epoch.0, generation: stamp.generation.0 }
    }
}

impl From<Place> for Stamp {
    fn from(place: Place) -> Self {
        Self { epoch: Epoch(place.epoch), generation: Generation(place.generation) }
    }
}

/// [`TOKEN`]
#[derive(Serialize, Deserialize)]
pub(crate) struct TokenAsk {
    /// By which name it is counted.
    pub(crate) caller: String,
    /// Whether a token that is good for less will do.
    pub(crate) reads_only: bool,
    /// Whether it is for one call that we make, and not to be taken away.
    #[serde(default)]
    pub(crate) is_call: bool,
}

/// [`REFRESH`]
#[derive(Serialize, Deserialize)]
pub(crate) struct RefreshAsk {
    pub(crate) caller: String,
    /// The token that the caller has.
    pub(crate) holds: Option<Place>,
    pub(crate) operator: bool,
}

/// [`PERSON`]
#[derive(Serialize, Deserialize)]
pub(crate) struct PersonAsk {
    /// Who, in a digest.
    pub(crate) person: u64,
    pub(crate) reads_only: bool,
    /// Whether it is an operator who has everything tried again.
    #[serde(default)]
    pub(crate) forces: bool,
    /// Whether a call of theirs was answered with what could mean that the token is over.
    #[serde(default)]
    pub(crate) doubts: bool,
}

/// What a question for a token is answered with. Times in milliseconds since 1970, durations in milliseconds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenReply {
    /// It.
    Token { access_token: String, place: Place, expires_at: Option<u64>, read_only: bool },
    /// None, and why.
    None { reason: String, wait: u64, since: Option<u64>, login_from: Option<u64> },
}

/// [`CREDENTIAL`]
#[derive(Serialize, Deserialize)]
pub(crate) struct HandAsk {
    pub(crate) text: String,
    /// Whether it is meant to be a code (true) or a token (false), where somebody knows.
    pub(crate) is_code: Option<bool>,
    /// Whether a program took it over from somewhere.
    pub(crate) imported: bool,
    /// When it is said to end.
    pub(crate) expires_at: Option<u64>,
}

/// What became of it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HandReply {
    /// It is the token now.
    Accepted { place: Place, expires_at: Option<u64> },
    /// The provider has not said anything yet.
    Unproven,
    /// It is not taken.
    Refused { verdict: String, class: Option<String>, says: String },
}

/// [`TICKET`], answered.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// Good once, for a while.
    pub(crate) ticket: String,
    /// For how long, in milliseconds.
    pub(crate) life: u64,
}

/// [`LOGIN`]
#[derive(Serialize, Deserialize)]
pub(crate) struct LoginAsk {
    /// What an operator was given for it; nothing where it is known to be one.
    pub(crate) ticket: Option<String>,
}

/// [`LOGIN`], answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginReply {
    /// Where to, what the browser has to bring back, and for how long it may take, in milliseconds.
    Begun { url: String, binding: String, life: u64 },
    /// The ticket is used up, or too old, or was never one.
    NoTicket,
}

/// [`CALLBACK`]
#[derive(Serialize, Deserialize)]
pub(crate) struct CallbackAsk {
    /// What the browser brought back of ours.
    pub(crate) binding: String,
    /// What came of the provider's, as a query.
    pub(crate) query: String,
}

/// [`CALLBACK`], answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallbackReply {
    /// No such login was begun in this browser, or it took too long, or it is over.
    Unknown,
    /// It was not completed at the provider, or what came back cannot be read.
    Unreadable { says: String },
    /// What became of what it brought.
    Judged(HandReply),
}

/// [`NOTICE`]
#[derive(Serialize, Deserialize)]
pub(crate) struct NoticeAsk {
    /// The path's last part: only the provider knows it.
    pub(crate) capability: String,
    pub(crate) body: String,
}

/// [`ANSWERED`]
#[derive(Serialize, Deserialize)]
pub(crate) struct CallAnswered {
    pub(crate) place: Place,
    pub(crate) read_only: bool,
    /// What the answer means.
    pub(crate) class: String,
    /// Until when the provider wants to be left alone.
    pub(crate) until: Option<u64>,
}

/// It is done.
#[derive(Serialize, Deserialize)]
pub(crate) struct Done {}
