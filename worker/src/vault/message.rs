//! What Worker and vault say to each other, over a binding that nobody else has.
//!
//! A question has no body: it is a path and a query, so that the object answers within one turn, with no await before it.
//! Only a login, which carries tokens, comes as a body; a URL might be logged by the platform.

use everlit_core::id::{Aim, Epoch, Generation, OpId, Stamp};
use everlit_core::index::Fence;
use everlit_core::secret::{RefreshToken, Secret};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{
    Answer, Ask, AskReason, Granted, Limits, Link, LinkChange, Login, Phase, Revoker, Vault,
};
use everlit_runtime::{packed, packed_choice};
use everlit_wire::User;
use serde::{Deserialize, Serialize};

use super::loaded::Loaded;
use super::reply::VaultReply;
use crate::clock;

/// A question without a body.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    /// Where the session stands. Changes nothing.
    Session,
    /// A tab's question for the token; the answer leaves the token out.
    Token(Ask),
    /// The proxy's question, or a tab's for a token with an aim; the answer holds the token. The proxy's is asked without a stamp with the
    /// vault's own: the question that a tab asks which holds the current token.
    Access(Ask),
    /// A silent re-login was turned down.
    SilentRefused {
        /// Whether it was one at the top level.
        top_level: bool,
    },
    /// End the session, because its user logs out.
    Logout,
    /// End the session, because somebody else says so.
    Revoke(Revoker),
}

const REASONS: [(AskReason, &str); 6] = [
    (AskReason::Deadline, "deadline"),
    (AskReason::Unauthorized, "unauthorized"),
    (AskReason::Forced, "forced"),
    (AskReason::Resume, "resume"),
    (AskReason::Activity, "activity"),
    (AskReason::Call, "call"),
];

const REVOKERS: [(Revoker, &str); 3] = [
    (Revoker::Admin, "admin"),
    (Revoker::BackChannel, "backchannel"),
    (Revoker::OtherDevice, "other_device"),
];

impl Question {
    /// Path and query.
    pub(crate) fn target(&self) -> String {
        match self {
            Self::Session => "/session".into(),
            Self::Token(ask) => format!("/token?{}", encode(ask)),
            Self::Access(ask) => format!("/access?{}", encode(ask)),
            Self::SilentRefused { top_level: true } => "/refused?top".into(),
            Self::SilentRefused { top_level: false } => "/refused?frame".into(),
            Self::Logout => "/logout".into(),
            Self::Revoke(by) => {
                let name = REVOKERS.iter().find(|(revoker, _)| revoker == by).map_or("", |(_, name)| name);
                format!("{REVOKE}?by={name}")
            }
        }
    }

    /// Reads path and query.
    pub(crate) fn parse(path: &str, query: Option<&str>) -> Option<Self> {
        match path {
            "/session" => Some(Self::Session),
            "/token" => decode(query?).map(Self::Token),
            "/access" => decode(query?).map(Self::Access),
            "/refused" => match query? {
                "top" => Some(Self::SilentRefused { top_level: true }),
                "frame" => Some(Self::SilentRefused { top_level: false }),
                _ => None,
            },
            "/logout" => Some(Self::Logout),
            REVOKE => {
                let by = query?.strip_prefix("by=")?;
                REVOKERS.iter().find(|(_, name)| *name == by).map(|(revoker, _)| Self::Revoke(*revoker))
            }
            _ => None,
        }
    }
}

/// Names of ours and numbers: there is nothing in it to escape.
fn encode(ask: &Ask) -> String {
    let reason = REASONS.iter().find(|(reason, _)| *reason == ask.reason).map_or("", |(_, name)| name);
    let mut query = ["reason=", reason].concat();
    let mut add = |name: &str, number: u64| query.extend(["&", name, "=", &number.to_string()]);
    if let Some(Stamp { epoch, generation }) = ask.stamp {
        add("epoch", epoch.0);
        add("generation", generation.0.into());
    }
    if let Some(Aim(aim)) = ask.aim {
        add("aim", aim);
    }
    if let Some(OpId(op)) = ask.op {
        add("op", op);
    }
    if let Some(ago) = ask.active_ago {
        add("active_ago", ago.as_millis());
    }
    query
}

fn decode(query: &str) -> Option<Ask> {
    let one = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let reason = REASONS.iter().find(|(_, name)| Some(*name) == one("reason")).map(|(reason, _)| *reason)?;
    let stamp = || {
        let epoch = Epoch(one("epoch")?.parse().ok()?);
        Some(Stamp { epoch, generation: Generation(one("generation")?.parse().ok()?) })
    };
    let active_ago = one("active_ago").and_then(|ago| ago.parse().ok()).map(Millis::from_millis);
    let op = one("op").and_then(|op| op.parse().ok()).map(OpId);
    let aim = || one("aim").map(|aim| aim.parse().map(Aim));
    Some(Ask { op, stamp: stamp(), reason, aim: aim().transpose().ok()?, active_ago })
}

/// A question without a body that is asked again, by a caller who has waited before and does so for so much longer.
pub(crate) fn hurried(target: &str, left: Millis) -> String {
    [target, PATIENCE, &left.as_millis().to_string()].concat()
}

/// How long the caller of such a question waits yet. Who asks for the first time says nothing.
pub(crate) fn patience(query: Option<&str>) -> Option<Millis> {
    query?.rsplit_once(PATIENCE)?.1.parse().ok().map(Millis::from_millis)
}

/// When the user was active, as a question in the name of a link says.
pub(super) fn active_ago(query: Option<&str>) -> Option<Millis> {
    query?.strip_prefix(ACTIVE_AGO)?.parse().ok().map(Millis::from_millis)
}

/// What stands before that.
pub(crate) const ACTIVE_AGO: &str = "active_ago=";

const PATIENCE: &str = "&waits=";

/// The path of a login that begins a session.
pub(crate) const ESTABLISH: &str = "/establish";

/// The path of a login at a further provider, which begins the vault of a link.
pub(crate) const ESTABLISH_LINK: &str = "/establish-link";

/// The path of what is to become of a link.
pub(crate) const LINK: &str = "/link";

/// The path of a question in the name of a link: whether its session goes on. The rest says when its user was active, if that is said.
pub(crate) const OWNER: &str = "/owner";

/// The path of a login of the same user, which the session goes on with.
pub(crate) const RENEW: &str = "/renew";

/// The path of an end in somebody else's name. What it is about is a body: a `sid` is nothing for a URL.
pub(crate) const REVOKE: &str = "/revoke";

/// The path of a question for what a list of sessions shows.
pub(crate) const SIGHT: &str = "/sight";

/// The path of an end where the answer is what is left of the session. An object of before answers as to any logout, which is read as
/// nothing that is left.
pub(crate) const LEAVE: &str = "/logout";
/// Its query where the user logs out.
pub(crate) const BY_USER: &str = "leave";
/// Its query where another login has taken the place: nobody has logged out, and other sessions of its user go on.
pub(crate) const REPLACED: &str = "replaced";

/// The path of a WebSocket that wants to be told of what happens. The answer is a socket, or why there is none.
pub(crate) const CONNECT: &str = "/connect";

/// A finished login. It may be delivered twice; the second one changes nothing.
pub(crate) struct Finished {
    epoch: u64,
    access_token: String,
    expires_in: u64,
    refresh_token: Option<String>,
    /// Where the grant comes from.
    pub(crate) holder: Holder,
    /// Nobody saw it.
    pub(crate) silent: bool,
}

/// Whose session it is: what the machine does not need to know.
#[derive(Clone)]
pub(crate) struct Holder {
    /// The name of the provider in the configuration.
    pub(crate) provider: String,
    /// Claims of the ID Token.
    pub(crate) user: User,
    /// What else is known of the newest login.
    pub(crate) about: About,
    /// The key that the tokens are bound to, a private JWK, if they are.
    pub(crate) dpop_key: Option<String>,
    /// Further accounts of the user, where somebody asks whose session it is.
    pub(crate) links: Vec<LinkText>,
}

/// A further account of the user. There is no `Debug`: it names a vault.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LinkText {
    /// The provider.
    pub(crate) provider: String,
    /// The name of its vault.
    pub(crate) vault: String,
    /// When it was made.
    pub(crate) made: u64,
}

impl From<&Link> for LinkText {
    fn from(Link { provider, vault, made }: &Link) -> Self {
        Self { provider: provider.clone(), vault: vault.expose().clone(), made: made.0 }
    }
}

impl From<LinkText> for Link {
    fn from(LinkText { provider, vault, made }: LinkText) -> Self {
        Self { provider, vault: Secret::new(vault), made: Epoch(made) }
    }
}

/// What is to become of a link.
pub(crate) enum LinkOrder {
    /// It is new.
    Made {
        /// The epoch of the session that it was begun in.
        of: u64,
        /// Whose session that was.
        sub: String,
        /// The link.
        link: LinkText,
    },
    /// The one of this provider is no longer wanted.
    Undone {
        /// The provider.
        provider: String,
    },
    /// Its session ends then.
    Bounded {
        /// When, in milliseconds.
        until: u64,
    },
}

impl From<LinkOrder> for LinkChange {
    fn from(order: LinkOrder) -> Self {
        match order {
            LinkOrder::Made { of, link, .. } => Self::Made { of: Epoch(of), link: link.into() },
            LinkOrder::Undone { provider } => Self::Undone { provider },
            LinkOrder::Bounded { until } => Self::Bounded { until: Timestamp::from_millis(until) },
        }
    }
}

/// What the login's vault says of its session to who asks in the name of a link.
pub(crate) struct Owner {
    /// What it says of itself; no token.
    pub(crate) reply: VaultReply,
    /// Its links.
    pub(crate) links: Vec<LinkText>,
    /// How long until it ends for want of activity.
    pub(crate) idle_left: u64,
    /// When it ends whatever happens.
    pub(crate) absolute_at: u64,
}

impl Owner {
    /// What is said with this reply.
    pub(super) fn of(loaded: &Loaded, reply: VaultReply) -> Self {
        let limits = match loaded.vault.phase() {
            Phase::Live(live) => live.limits,
            Phase::ReauthRequired(waiting) => waiting.limits,
            Phase::Vacant | Phase::Ended(_) => Limits::default(),
        };
        Self {
            reply,
            links: loaded.vault.links().iter().map(LinkText::from).collect(),
            idle_left: clock::now()
                .until(limits.idle_at(&loaded.environment.policy(&loaded.provider)))
                .as_millis(),
            absolute_at: limits.absolute_at.as_millis(),
        }
    }

    /// The link of this provider.
    pub(crate) fn link(&self, provider: &str) -> Option<&LinkText> {
        self.links.iter().find(|link| link.provider == provider)
    }
}

/// What is known of a login beyond whose it is. All of it may be missing: a login of before has none.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct About {
    /// What the device is called, in words of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// The session at the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// When the user proved who they are, or the login began where the server does not say; not after its ID Token was issued. In
    /// milliseconds.
    #[serde(default)]
    pub(crate) issued_at: u64,
    /// The ID Token, where it will be shown to its issuer at the logout. Nobody is told it but the logout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    /// Whether the issuer says that the e-mail address is the user's own.
    #[serde(default)]
    pub(crate) email_verified: bool,
}

/// What a session leaves to the Worker that its user has ended.
#[derive(Default)]
pub(crate) struct Left {
    /// The name of the provider; nothing where there was no session.
    pub(crate) provider: Option<String>,
    /// The ID Token, if it was kept.
    pub(crate) id_token: Option<String>,
    /// Whose session it was.
    pub(crate) sub: Option<String>,
    /// Which session at the issuer, if that is known.
    pub(crate) sid: Option<String>,
}

impl Left {
    /// What is left of a vault that is about to be closed.
    pub(super) fn of(vault: &Vault, holder: Option<&Holder>) -> Self {
        match (vault.phase(), holder) {
            (Phase::Live(_) | Phase::ReauthRequired(_), Some(holder)) => Self {
                provider: Some(holder.provider.clone()),
                id_token: holder.about.id_token.clone(),
                sub: Some(holder.user.sub.clone()),
                sid: holder.about.sid.clone(),
            },
            (Phase::Live(_) | Phase::ReauthRequired(_), None) | (Phase::Vacant | Phase::Ended(_), _) => {
                Self::default()
            }
        }
    }
}

/// Which login a revocation is about; all of them where it does not say.
#[derive(Clone, Default)]
pub(crate) struct Meant {
    /// One of this session at the issuer.
    pub(crate) sid: Option<String>,
    /// One whose ID Token was issued then, in milliseconds, or before.
    pub(crate) until: Option<u64>,
    /// Whether other logins of the user go on.
    pub(crate) others_go_on: bool,
}

impl Meant {
    /// Whether it is not about the login of this holder.
    pub(super) fn spares(&self, holder: &Holder) -> bool {
        let About { sid, issued_at, .. } = &holder.about;
        let until = self.until.map(|until| Fence::Until(Timestamp::from_millis(until)));
        [self.sid.as_deref().map(Fence::Sid), until]
            .into_iter()
            .flatten()
            .any(|fence| fence.spares(sid.as_deref(), Timestamp::from_millis(*issued_at)))
    }
}

/// What a list of sessions shows of one.
pub(crate) struct Sight {
    /// Whether a browser can go on with it.
    pub(crate) is_open: bool,
    /// Whether it waits for its user.
    pub(crate) waits: bool,
    /// What its device is called.
    pub(crate) device: Option<String>,
    /// When its newest login was.
    pub(crate) login_at: u64,
    /// When its user was last active, as far as is known.
    pub(crate) active_at: u64,
}

impl Sight {
    /// What is seen of a vault.
    pub(super) fn of(vault: &Vault, holder: Option<&Holder>) -> Self {
        let seen = |login: Epoch, limits: Limits| (login.0, limits.active_at.as_millis());
        let (login_at, active_at) = match vault.phase() {
            Phase::Live(live) => seen(live.login, live.limits),
            Phase::ReauthRequired(waiting) => seen(waiting.login, waiting.limits),
            Phase::Vacant | Phase::Ended(_) => (0, 0),
        };
        // A limit that has passed has ended it, whether or not its alarm came.
        let (is_open, waits) = match vault.peek(clock::now()) {
            Answer::Current(_) | Answer::RetryAfter(_) | Answer::Unobtainable => (true, false),
            Answer::ReauthRequired(_) => (true, true),
            Answer::Ended(_) | Answer::LoggedOut => (false, false),
        };
        Self {
            is_open,
            waits,
            device: holder.and_then(|holder| holder.about.device.clone()),
            login_at,
            active_at,
        }
    }
}

impl Holder {
    /// What is shown of it.
    pub(super) fn shown(&self) -> Self {
        let about = About { id_token: None, ..self.about.clone() };
        Self { dpop_key: None, about, ..self.clone() }
    }

    /// Whether both are the same person: the same subject at the same provider.
    pub(crate) fn is_same_person(&self, other: &Self) -> bool {
        self.provider == other.provider && self.user.sub == other.user.sub
    }
}

impl Finished {
    /// Makes the message.
    pub(crate) fn new(login: &Login, holder: Holder) -> Self {
        let grant = &login.grant;
        Self {
            epoch: login.epoch.0,
            access_token: grant.access_token.expose().clone(),
            expires_in: grant.expires_in.as_millis(),
            refresh_token: grant.refresh_token.as_ref().map(|token| token.expose().clone()),
            holder,
            silent: false,
        }
    }

    /// Says whether anybody saw it.
    pub(crate) fn silently(self, silent: bool) -> Self {
        Self { silent, ..self }
    }

    /// Takes the message apart.
    pub(crate) fn into_parts(self) -> (Login, Holder) {
        let grant = Granted {
            target: None,
            access_token: Secret::new(self.access_token),
            expires_in: Millis::from_millis(self.expires_in),
            refresh_token: self.refresh_token.map(RefreshToken::new),
        };
        (Login { epoch: Epoch(self.epoch), grant }, self.holder)
    }
}

packed! {
    Finished { epoch, access_token, expires_in, refresh_token, holder, silent }
    Holder { provider, user, about, dpop_key, links }
    LinkText { provider, vault, made }
    Owner { reply, links, idle_left, absolute_at }
    About { device, sid, issued_at, id_token, email_verified }
    Left { provider, id_token, sub, sid }
    Meant { sid, until, others_go_on }
    Sight { is_open, waits, device, login_at, active_at }
}

packed_choice! {
    LinkOrder, else Self::Bounded { until: 0 };
    0 => Made { of, sub, link }, 1 => Undone { provider }, 2 => Bounded { until },
}
