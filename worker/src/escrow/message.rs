//! What rotator and vault say to an escrow, over a binding that nobody else has.

use everlit_core::escrow::{Claim, Closed};
use everlit_core::id::{RequestId, RotatorId};
use everlit_core::time::Timestamp;
use everlit_edge::query::Query;
use everlit_runtime::{packed, packed_choice};

/// A question without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Make the table, so that no claim has to.
    Make,
    /// This rotator wants to send this request.
    Claim(RequestId, RotatorId),
    /// A vault wants to know what became of this request.
    Close(RequestId),
    /// Forget everything.
    Erase,
}

impl Question {
    /// Path and query.
    pub(super) fn target(self) -> String {
        match self {
            Self::Make => "/make".into(),
            Self::Claim(RequestId(request), RotatorId(by)) => format!("{CLAIM}?request={request}&by={by}"),
            Self::Close(RequestId(request)) => format!("/close?request={request}"),
            Self::Erase => "/erase".into(),
        }
    }

    /// Reads path and query.
    pub(super) fn parse(path: &str, query: Option<&str>) -> Option<Self> {
        let number = |name| -> Option<u64> {
            let query = Query::parse(query?).ok()?;
            query.one(name).ok().flatten()?.parse().ok()
        };
        let request = || number("request")?.try_into().ok().map(RequestId);
        match path {
            "/make" => Some(Self::Make),
            CLAIM => Some(Self::Claim(request()?, RotatorId(number("by")?))),
            "/close" => request().map(Self::Close),
            "/erase" => Some(Self::Erase),
            _ => None,
        }
    }
}

/// The path of a claim. A release of before knows it by another one: what it cannot say it does not do, and nothing is claimed that nobody
/// sends.
const CLAIM: &str = "/taken";

/// The path of an answer that is to be kept.
pub(super) const ANSWER: &str = "/answer";

/// How a claimed request ended, sealed for the vault.
pub(super) struct Answered {
    /// The request.
    pub(super) request: u32,
    /// Who claimed it.
    pub(super) by: u64,
    /// Nothing that is read in between.
    pub(super) sealed: Vec<u8>,
}

/// It is done.
pub(super) struct Done {}

/// Whether an answer was kept.
pub(super) struct Kept {
    /// It was.
    pub(super) kept: bool,
}

/// What became of a claim.
pub(super) struct ClaimReply {
    /// Whether that rotator was the first.
    pub(super) won: bool,
}

impl From<Claim> for ClaimReply {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Won => Self { won: true },
            Claim::Lost { .. } => Self { won: false },
        }
    }
}

/// What a closed request came to.
pub(super) enum ClosedReply {
    /// It was not sent and never will be.
    NeverSent,
    /// Somebody took it.
    Claimed {
        /// When.
        at: u64,
    },
    /// It came to an end.
    Answered {
        /// When it was taken.
        at: u64,
        /// Sealed.
        sealed: Vec<u8>,
    },
    /// There is a newer one.
    Outrun {
        /// The newest.
        newest: u32,
    },
}

impl ClosedReply {
    /// Puts what the escrow says into words. `claimed_at` goes with an answer, for whoever cannot open it.
    pub(super) fn new(closed: Closed<Vec<u8>>, claimed_at: Timestamp) -> Self {
        match closed {
            Closed::NeverSent => Self::NeverSent,
            Closed::Claimed { at } => Self::Claimed { at: at.as_millis() },
            Closed::Answered(sealed) => Self::Answered { at: claimed_at.as_millis(), sealed },
            Closed::Outrun { newest } => Self::Outrun { newest: newest.0 },
        }
    }
}

packed! {
    Answered { request, by, sealed }
    Done {}
    Kept { kept }
    ClaimReply { won }
}

packed_choice! {
    ClosedReply, else Self::NeverSent;
    0 => NeverSent, 1 => Claimed { at }, 2 => Answered { at, sealed }, 3 => Outrun { newest },
}
