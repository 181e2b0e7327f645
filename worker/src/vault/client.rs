//! The Worker's side of a vault.

use everlit_core::id::{OpId, Stamp};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{Ask, AskReason, Link, Login, Policy, Revoker};
use everlit_edge::cookie::SessionId;
use everlit_wire::{Code, Problem, Seconds};
use web_sys::Response;
use worker::Env;

use super::message::{
    ACTIVE_AGO, CONNECT, ESTABLISH, ESTABLISH_LINK, Finished, Holder, LEAVE, LINK, Left, LinkOrder, Meant,
    OWNER, Owner, Question, RENEW, SIGHT, Sight, hurried,
};
use super::reply::{Brake, CurrentToken, VaultReply};
use crate::environment::{Environment, SESSION_VAULT};
use crate::stub::{Connected, NoAnswer, ObjectStub};
use crate::{clock, gate, log, silent};

/// How long the caller of a call waits when its question is asked again. When it was asked first nobody knows: to look at the
/// clock would cost every call something.
const CALL_WAIT: Millis = Millis::from_secs(1);

/// How long a list of vaults waits for one of them.
const SOON: Millis = Millis::from_secs(1);

/// The waits before a vault that did not answer is told again.
const AGAIN: [Millis; 4] =
    [Millis::from_millis(200), Millis::from_millis(500), Millis::from_secs(1), Millis::from_secs(2)];

/// Tells a vault something until it answers. It is taken once, however often it is told.
pub(crate) async fn until_answered(
    tell: impl AsyncFn() -> Result<VaultReply, NoAnswer>,
) -> Result<VaultReply, NoAnswer> {
    let mut answered = tell().await;
    for wait in AGAIN {
        if answered.is_ok() {
            break;
        }
        clock::pause(wait).await;
        answered = tell().await;
    }
    answered
}

/// One session's vault.
#[derive(Clone)]
pub(crate) struct VaultClient(ObjectStub);

impl VaultClient {
    /// The vault of this session.
    pub(crate) fn of(env: &Env, session: &SessionId) -> Self {
        Self(ObjectStub::new(env, SESSION_VAULT, session.as_str()))
    }

    /// The vault of a further account.
    pub(crate) fn of_link(env: &Env, link: &Link) -> Self {
        Self(ObjectStub::new(env, SESSION_VAULT, link.vault.expose()))
    }

    /// Begins the vault of a further account with a finished login. It ends soon unless a session takes it.
    pub(crate) async fn establish_link(&self, login: &Login, holder: Holder) -> Result<VaultReply, NoAnswer> {
        self.0.tell(ESTABLISH_LINK, &Finished::new(login, holder)).await
    }

    /// Says what is to become of a link.
    pub(crate) async fn link(&self, order: &LinkOrder) -> Result<Owner, NoAnswer> {
        self.0.tell(LINK, order).await
    }

    /// What a link has to know of this session, whose user was active so long ago, if that is said.
    pub(crate) async fn owner(&self, active_ago: Option<Millis>) -> Result<Owner, NoAnswer> {
        let ago = active_ago.map(|ago| ["?", ACTIVE_AGO, &ago.as_millis().to_string()].concat());
        self.0.ask(&[OWNER, &ago.unwrap_or_default()].concat()).await
    }

    /// Where the session stands.
    pub(crate) async fn session(&self) -> Result<VaultReply, NoAnswer> {
        self.ask(Question::Session).await
    }

    /// The same, of a vault that not all waits for.
    pub(crate) async fn session_soon(&self) -> Result<VaultReply, NoAnswer> {
        self.0.ask_within(&Question::Session.target(), SOON).await
    }

    /// A tab's question, which came at `asked_at`; with an aim the answer holds the token that the tab is handed.
    pub(crate) async fn token(&self, ask: Ask, asked_at: Timestamp) -> Result<VaultReply, NoAnswer> {
        let question = if ask.aim.is_some() { Question::Access(ask) } else { Question::Token(ask) };
        self.wait(question, || left(asked_at)).await
    }

    /// The access token for a call, after the one of `refused` was not taken, if there is such. A call has no name: its trace is one.
    pub(crate) async fn access(&self, refused: Option<Stamp>) -> Result<VaultReply, NoAnswer> {
        let op = Some(OpId(log::trace()));
        let ask = |reason| Question::Access(Ask { op, stamp: refused, reason, aim: None, active_ago: None });
        if refused.is_none() {
            return self.wait(ask(AskReason::Call), || CALL_WAIT).await;
        }
        let asked_at = clock::now();
        self.wait(ask(AskReason::Unauthorized), || left(asked_at)).await
    }

    /// Says that a silent re-login was turned down, or has taken a page away for nothing.
    pub(crate) async fn silent_refused(&self, top_level: bool) -> Result<VaultReply, NoAnswer> {
        self.ask(Question::SilentRefused { top_level }).await
    }

    /// Ends a further account. Where other sessions of the user go on, a grant that they share is left to them.
    pub(crate) async fn end(&self, others_go_on: bool) -> Result<VaultReply, NoAnswer> {
        if others_go_on {
            self.revoke(Revoker::OtherDevice, &Meant { others_go_on, ..Meant::default() }).await
        } else {
            self.ask(Question::Logout).await
        }
    }

    /// Ends the session, and says what it leaves. `how` is one of the queries of [`LEAVE`].
    pub(crate) async fn leave(&self, how: &str) -> Result<Left, NoAnswer> {
        self.0.ask(&[LEAVE, "?", how].concat()).await
    }

    /// Ends the session in somebody else's name. It stays open where its login is not meant.
    pub(crate) async fn revoke(&self, by: Revoker, meant: &Meant) -> Result<VaultReply, NoAnswer> {
        self.0.tell(&Question::Revoke(by).target(), meant).await
    }

    /// What a list of sessions shows of this one.
    pub(crate) async fn sight_of(self) -> Result<Sight, NoAnswer> {
        self.0.ask(SIGHT).await
    }

    /// Opens a socket on which the session says what happens.
    pub(crate) async fn connect(&self, environment: &Environment) -> Result<Response, Problem> {
        match self.0.connect::<VaultReply>(CONNECT).await? {
            Connected::Socket(response) => Ok(response),
            Connected::Refused(reply) => {
                reply.current(environment).and_then(|_| Err(Problem::new(Code::TemporarilyUnavailable)))
            }
        }
    }

    /// Begins a session with a finished login.
    pub(crate) async fn establish(&self, login: &Login, holder: Holder) -> Result<VaultReply, NoAnswer> {
        self.0.tell(ESTABLISH, &Finished::new(login, holder)).await
    }

    /// Goes on with a finished login, if the session is still open and it is the same person's.
    /// `silent`: nobody saw it, so it is no activity.
    pub(crate) async fn renew(
        &self,
        login: &Login,
        holder: Holder,
        silent: bool,
    ) -> Result<VaultReply, NoAnswer> {
        self.0.tell(RENEW, &Finished::new(login, holder).silently(silent)).await
    }

    /// Asks a question that may have to wait. Nobody waits all over again because an object was reset.
    async fn wait(&self, question: Question, left: impl FnOnce() -> Millis) -> Result<VaultReply, NoAnswer> {
        let target = question.target();
        self.0.ask_or(&target, || hurried(&target, left())).await
    }

    async fn ask(&self, question: Question) -> Result<VaultReply, NoAnswer> {
        self.0.ask(&question.target()).await
    }
}

/// What is left of a caller's wait.
fn left(asked_at: Timestamp) -> Millis {
    Policy::default().caller_wait.less(asked_at.until(clock::now()))
}

impl VaultReply {
    /// The token, or what to tell the tab instead.
    pub(crate) fn current(self, environment: &Environment) -> Result<CurrentToken, Problem> {
        let with_reason = |code, reason| Problem { reason: Some(reason), ..Problem::new(code) };
        match self {
            Self::Current(current) => Ok(*current),
            Self::RetryAfter { millis } => Err(Problem {
                retry_after: Some(Seconds(Millis::from_millis(millis))),
                ..Problem::new(Code::TemporarilyUnavailable)
            }),
            // It is for the operator to mend, and the session goes on.
            Self::Unobtainable => {
                let detail = Some("the authorization server gave no refresh token".to_owned());
                Err(Problem { detail, ..Problem::new(Code::Misconfigured) })
            }
            Self::ReauthRequired { reason, refused, .. } => {
                let silent = Some(silent::ways(environment, refused.into()));
                let provider = &environment.config.login_provider().name;
                Err(Problem { silent, ..with_reason(Code::ReauthRequired, reason).asking(provider, false) })
            }
            Self::Ended { reason, .. } => Err(with_reason(Code::SessionEnded, reason)),
            Self::LoggedOut => Err(Problem::new(Code::LoggedOut)),
            Self::Throttled { millis, what } => {
                let what = match what {
                    Brake::Rotation => "rotation",
                    Brake::Refusal => "session_over",
                };
                Err(gate::throttled(what, Millis::from_millis(millis)))
            }
        }
    }

    /// The login that this vault is of, whether it lives or not.
    pub(crate) fn epoch(&self) -> Option<u64> {
        match self {
            Self::Current(current) => Some(current.epoch),
            Self::ReauthRequired { epoch, .. } | Self::Ended { epoch, .. } => Some(*epoch),
            Self::RetryAfter { .. } | Self::Unobtainable | Self::Throttled { .. } | Self::LoggedOut => None,
        }
    }

    /// Whose session it is, where the question was for that.
    pub(crate) fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Current(current) => current.holder.as_ref(),
            Self::ReauthRequired { holder, .. } => holder.as_ref(),
            Self::RetryAfter { .. }
            | Self::Unobtainable
            | Self::Throttled { .. }
            | Self::Ended { .. }
            | Self::LoggedOut => None,
        }
    }

    /// Whether there is a session that a browser can go on with.
    pub(crate) const fn is_open(&self) -> bool {
        match self {
            Self::Current(_)
            | Self::RetryAfter { .. }
            | Self::Unobtainable
            | Self::Throttled { .. }
            | Self::ReauthRequired { .. } => true,
            Self::Ended { .. } | Self::LoggedOut => false,
        }
    }
}
