//! What Worker and index say to each other, over a binding that nobody else has. All of it has a body: a URL might be logged.

use everlit_core::index::{Handle, Heard, Kind, LogoutNote, NotEntered, Which};
use everlit_core::time::Timestamp;
use everlit_core::vault::Revoker;
use everlit_edge::cookie::SessionId;
use everlit_runtime::{packed, packed_choice};
use serde::{Deserialize, Serialize};

/// A session whose login is about to be taken.
pub(crate) const ENTER: &str = "/enter";
/// Whether a logout is noted that forbids a login.
pub(crate) const FORBIDS: &str = "/forbids";
/// A Logout Token that was checked.
pub(crate) const LOGOUT: &str = "/logout";
/// Sessions that somebody ends.
pub(crate) const END: &str = "/end";
/// Which sessions there are.
pub(crate) const LIST: &str = "/list";
/// Sessions that were found to be over, or to have no login yet.
pub(crate) const PRUNE: &str = "/prune";

/// What another index has that is called otherwise now.
pub(crate) const ADOPT: &str = "/adopt";

/// The most sessions that a list shows: those that began last.
pub(crate) const MAX_LISTED: usize = 100;

/// What an index is of, and what that is called under the key that it was made under.
#[derive(Serialize, Deserialize)]
pub(crate) struct Owner {
    /// Whether it is of a `sid`; else it is of a `sub`.
    pub(crate) sid: bool,
    /// The issuer.
    pub(crate) issuer: String,
    /// The client that its logins are of.
    pub(crate) client: String,
    /// The `sid` or `sub`.
    pub(crate) value: String,
    /// The name of the object.
    pub(crate) name: String,
}

/// All that an index has.
pub(crate) struct Adopt {
    /// What it is of.
    pub(crate) owner: Owner,
    /// Its sessions, by the names that they have there.
    pub(crate) entries: Vec<Adopted>,
    /// Its notes.
    pub(crate) notes: Vec<Logout>,
}

/// One session of it.
pub(crate) struct Adopted {
    /// What is said of it at a login.
    pub(crate) enter: Enter,
    /// When it was entered first.
    pub(crate) began_at: u64,
    /// When it was entered last.
    pub(crate) entered_at: u64,
    /// Who ends it.
    pub(crate) ending: Option<String>,
}

/// A session, as an index enters it.
pub(crate) struct Enter {
    /// What the index is of; nothing where that was said already.
    pub(crate) owner: Option<Owner>,
    /// Its name here.
    pub(crate) handle: [u8; 16],
    /// Its id.
    pub(crate) session: String,
    /// When the ID Token of its login was issued.
    pub(crate) issued_at: u64,
    /// When it is over at the latest.
    pub(crate) until: u64,
}

/// Whether it was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It was.
    In,
    /// A logout forbids it.
    Forbidden,
    /// The session is being ended.
    Ending,
}

impl From<Result<(), NotEntered>> for Entered {
    fn from(entered: Result<(), NotEntered>) -> Self {
        match entered {
            Ok(()) => Self::In,
            Err(NotEntered::Forbidden) => Self::Forbidden,
            Err(NotEntered::Ending) => Self::Ending,
        }
    }
}

/// A login that is about to be taken, and entered elsewhere.
pub(crate) struct Forbids {
    /// Whether it is of a `sid`.
    pub(crate) sid: bool,
    /// When it was issued.
    pub(crate) issued_at: u64,
}

/// What is remembered of a Logout Token, and with it its effect.
pub(crate) struct Logout {
    sid: bool,
    jti: [u8; 32],
    digest: [u8; 32],
    issued_at: u64,
    until: u64,
}

impl Logout {
    /// Puts it into words.
    pub(crate) const fn new(kind: Kind, note: &LogoutNote) -> Self {
        Self {
            sid: matches!(kind, Kind::Sid),
            jti: note.jti,
            digest: note.digest,
            issued_at: note.issued_at.as_millis(),
            until: note.until.as_millis(),
        }
    }

    /// Takes it apart.
    pub(super) fn into_parts(self) -> (Kind, LogoutNote) {
        let (issued_at, until) = (Timestamp::from_millis(self.issued_at), Timestamp::from_millis(self.until));
        (kind(self.sid), LogoutNote { jti: self.jti, digest: self.digest, issued_at, until })
    }
}

/// What became of it.
pub(crate) struct LogoutReply {
    /// Another one of its name came before.
    pub(crate) forged: bool,
    /// It came before.
    pub(crate) again: bool,
}

impl From<Heard> for LogoutReply {
    fn from(heard: Heard) -> Self {
        Self { forged: heard == Heard::Forged, again: heard == Heard::Again }
    }
}

/// Sessions that a user ends on another device.
pub(crate) struct End {
    /// One of them.
    handle: [u8; 16],
    /// All but that one are meant.
    others: bool,
}

impl End {
    /// Puts it into words.
    pub(crate) const fn new(which: Which) -> Self {
        match which {
            Which::One(Handle(handle)) => Self { handle, others: false },
            Which::Others(Handle(handle)) => Self { handle, others: true },
        }
    }

    /// Takes it apart.
    pub(super) const fn which(&self) -> Which {
        if self.others { Which::Others(Handle(self.handle)) } else { Which::One(Handle(self.handle)) }
    }
}

/// What became of them.
pub(crate) struct Ended {
    /// How many were meant.
    pub(crate) ended: usize,
    /// How many of the vaults have not said yet that it is so. They are told until they do.
    pub(crate) waiting: usize,
}

/// Sessions that were found to be over.
pub(crate) struct Prune {
    /// Their names.
    pub(crate) handles: Vec<[u8; 16]>,
    /// Whether their vaults have said so. A vault that has no login may be about to get one.
    pub(crate) over: bool,
}

/// The sessions there are, the newest first.
pub(crate) struct Listed {
    /// Each of them, [`MAX_LISTED`] at most.
    pub(crate) sessions: Vec<Line>,
}

/// One of them.
pub(crate) struct Line {
    /// Its name here.
    pub(crate) handle: [u8; 16],
    session: String,
    /// When it was entered.
    pub(crate) began_at: u64,
}

impl Line {
    /// Puts it into words.
    pub(super) fn new(Handle(handle): Handle, session: &SessionId, began_at: Timestamp) -> Self {
        Self { handle, session: session.as_str().to_owned(), began_at: began_at.as_millis() }
    }

    /// Its id.
    pub(crate) fn session(&self) -> Option<SessionId> {
        SessionId::restored(&self.session)
    }
}

/// Nothing to say but that it is written.
pub(crate) struct Noted {}

/// What an index is of.
pub(super) const fn kind(sid: bool) -> Kind {
    if sid { Kind::Sid } else { Kind::Subject }
}

const REVOKERS: [(Revoker, &str); 3] = [
    (Revoker::Admin, "admin"),
    (Revoker::BackChannel, "backchannel_logout"),
    (Revoker::OtherDevice, "other_device"),
];

/// The name of who ends a session.
pub(super) fn revoker_name(by: Revoker) -> &'static str {
    REVOKERS.iter().find(|(revoker, _)| *revoker == by).map_or("", |(_, name)| name)
}

/// Who is called that. A later version may know others: it is ended all the same.
pub(super) fn revoker_of(name: &str) -> Revoker {
    REVOKERS.iter().find(|(_, known)| *known == name).map_or(Revoker::Admin, |(revoker, _)| *revoker)
}

packed! {
    Owner { sid, issuer, client, value, name }
    Adopt { owner, entries, notes }
    Adopted { enter, began_at, entered_at, ending }
    Enter { owner, handle, session, issued_at, until }
    Forbids { sid, issued_at }
    Logout { sid, jti, digest, issued_at, until }
    LogoutReply { forged, again }
    End { handle, others }
    Ended { ended, waiting }
    Prune { handles, over }
    Listed { sessions }
    Line { handle, session, began_at }
    Noted {}
}

packed_choice! { Entered, else Self::Forbidden; 0 => In, 1 => Forbidden, 2 => Ending }
