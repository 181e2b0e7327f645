//! What is still to come: everything that is on its way or waits for its time.

use everlit_core::Stamp;
use everlit_core::id::{CallId, RequestId};
use everlit_core::retry::Failure;
use everlit_core::secret::RefreshToken;
use everlit_core::tab::{Denial, News, PeerMessage, ReloginAnswer, TokenState, Way, Ways};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Ask, ErrandId, Login, RevocationAnswer, TokenAnswer};

use crate::escrow::{Question, Word};
use crate::life::Incident;
use crate::naive::Deed;
use crate::rotator::{Kept, Order};

/// Something that will happen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The armed timer of a tab goes off.
    TabTimer {
        /// Which tab.
        tab: usize,
        /// Which arming of it; an older one was disarmed.
        arm: u64,
    },
    /// A request reaches the Worker.
    ToWorker(Sender),
    /// Its answer reaches the tab, or the tab learns that there will be none.
    ToTab(Sender, Reply),
    /// Another tab's word arrives.
    Word {
        /// At which tab.
        tab: usize,
        /// At which document of it.
        document: u32,
        /// What it says.
        message: PeerMessage,
    },
    /// An internal request reaches a rotator.
    ToRotator(Order),
    /// The rotator's answer reaches the vault that ordered, or that vault learns that there will be none.
    FromRotator {
        /// Whose vault.
        object: usize,
        /// The life of that object in which it ordered.
        incarnation: u32,
        /// Which request.
        request: RequestId,
        /// How it ended.
        kept: Kept,
    },
    /// The time of a rotator is over.
    RotatorLimit {
        /// Which one.
        job: u64,
    },
    /// A question reaches the escrow.
    ToEscrow {
        /// Whose.
        object: usize,
        /// About which request.
        request: RequestId,
        /// What is asked.
        question: Question,
    },
    /// The escrow's answer arrives, or the news that there will be none.
    FromEscrow {
        /// Whose.
        object: usize,
        /// What it says.
        word: Word,
    },
    /// A token request reaches the authorization server.
    ToServer {
        /// Who sent it; it goes on if that one is gone.
        job: u64,
        /// Whose.
        object: usize,
        /// Its name there.
        request: RequestId,
        /// What it presents.
        refresh_token: RefreshToken,
    },
    /// Its answer reaches the rotator, or the rotator learns that there will be none.
    FromServer {
        /// Which rotator.
        job: u64,
        /// Whose.
        object: usize,
        /// The request's name there.
        request: RequestId,
        /// The answer; nothing if the connection broke.
        answer: Option<TokenAnswer>,
    },
    /// A revocation request reaches the authorization server.
    Revocation(Revocation, RefreshToken),
    /// Its answer reaches the vault.
    Revoked(Revocation, RevocationAnswer),
    /// The time comes until which a caller waits. Lives in memory only.
    VaultTimer {
        /// Whose.
        object: usize,
        /// Which arming of it.
        arm: u64,
    },
    /// The one alarm of an object goes off.
    VaultAlarm {
        /// Whose.
        object: usize,
        /// Which arming of it.
        arm: u64,
    },
    /// The login page leads back.
    LoginReturns {
        /// To which tab.
        tab: usize,
        /// Whether the user logged in.
        logged_in: bool,
    },
    /// The callback of a login is delivered a second time.
    LoginRepeated {
        /// To which object.
        object: usize,
        /// The same login.
        login: Login,
    },
    /// A page that left for a silent re-login comes back.
    Redirected {
        /// In which tab.
        tab: usize,
    },
    /// An event socket is open, or is not.
    Socket {
        /// Of which tab.
        tab: usize,
        /// Of which document of it.
        document: u32,
        /// Whether it is open.
        open: bool,
    },
    /// The Worker tells whoever listens.
    News {
        /// At which object.
        object: usize,
        /// What.
        news: News,
        /// Of which token.
        stamp: Stamp,
    },
    /// A tab hears of it later.
    Heard {
        /// Which one.
        tab: usize,
        /// Which document of it.
        document: u32,
        /// What.
        news: News,
        /// Of which token.
        stamp: Stamp,
    },
    /// The computer wakes.
    Wake,
    /// A tab hears that the network is back.
    Online {
        /// Which one.
        tab: usize,
    },
    /// A tab was hidden for long, if it still is.
    HiddenLong {
        /// Which one.
        tab: usize,
        /// Which document of it.
        document: u32,
        /// Since when.
        since: Timestamp,
    },
    /// A frozen tab comes back.
    Thaw {
        /// Which one.
        tab: usize,
    },
    /// Something happens to a naive client, in a world of its own.
    Naive(Deed),
    /// The user does the next thing.
    User,
    /// The next thing comes that life brings.
    Life(Incident),
    /// The next thing breaks.
    Fault,
}

/// One request of a tab and where its answer belongs.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The tab.
    pub tab: usize,
    /// The document in that tab; a page that is gone hears nothing.
    pub document: u32,
    /// The session that the cookie named when the request left.
    pub session: Option<usize>,
    /// What it asks.
    pub asked: Asked,
}

/// What a tab asks the Worker.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// `GET /auth/session`.
    Session(RequestId),
    /// `POST /auth/token`.
    Token(RequestId, Ask),
    /// `POST /auth/logout`.
    Logout(RequestId),
    /// A silent re-login in a frame or a popup.
    Relogin {
        /// Comes back with how it ended.
        request: RequestId,
        /// How.
        way: Way,
    },
    /// A call to `/api`.
    Call {
        /// Which one.
        call: CallId,
        /// The token it goes under.
        stamp: Stamp,
        /// Whether the tab sends it a second time.
        repeated: bool,
    },
}

/// What the Worker answers. There is no place for a token in it.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// There is a token.
    Active(TokenState),
    /// The session waits for its user.
    ReauthRequired {
        /// Its last token.
        stamp: Stamp,
        /// How it could go on without being seen.
        silent: Ways,
    },
    /// A silent re-login came to an end.
    Relogin(ReloginAnswer),
    /// The session is over.
    Ended,
    /// There is no session; after a logout, as asked.
    LoggedOut,
    /// Not now (503).
    NotNow(Millis),
    /// A call went through.
    Called,
    /// A call was refused for the sake of the session.
    Denied(Denial),
    /// No answer will come.
    Nothing(Failure),
}

/// One try at an errand of a vault.
#[derive(Clone, Copy, Debug)]
pub struct Revocation {
    /// Whose.
    pub object: usize,
    /// The life of that object in which it was sent.
    pub incarnation: u32,
    /// Which errand.
    pub errand: ErrandId,
}
