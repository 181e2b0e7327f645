//! What an operator and a provider may choose.

use super::grace::GraceProfile;
use crate::time::Millis;

/// Whether a grant is kept alive that nobody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeepGrant {
    /// It is refreshed before the server would let it lapse, as long as the session's own idle limit has not passed.
    UntilIdleLimit,
    /// The server's limit rules.
    Never,
}

/// The numbers a vault works by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// A session without activity of its user ends after this.
    pub idle_limit: Millis,
    /// A session ends this long after its login, whatever happens.
    pub absolute_limit: Millis,
    /// How long a caller waits for a rotation before it gets what there is.
    pub caller_wait: Millis,
    /// How many may wait at once. Whoever comes on top of them gets what there is.
    pub most_waiters: usize,
    /// What the authorization server forgives.
    pub grace: GraceProfile,
    /// After how long without use the authorization server lets a grant lapse, if it does.
    pub grant_idle: Option<Millis>,
    /// What is done about that.
    pub keep_grant: KeepGrant,
    /// Whether logins of one user at this client share one grant at the server, so that to revoke a token of one ends the
    /// others. Then what a re-login replaced is left to lapse.
    pub shared_grant: bool,
    /// Whether a refresh ends the access tokens that came before it.
    pub refresh_ends_tokens: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_limit: Millis::from_days(14),
            absolute_limit: Millis::from_days(90),
            caller_wait: Millis::from_millis(4_500),
            most_waiters: 2_000,
            grace: GraceProfile::STRICT,
            grant_idle: None,
            keep_grant: KeepGrant::UntilIdleLimit,
            shared_grant: true,
            refresh_ends_tokens: false,
        }
    }
}

impl Policy {
    /// How long after a rotation the grant is refreshed for its own sake: a tenth of its idle life, and at most a day, before
    /// the server would let it lapse.
    pub(super) fn keep_after(&self) -> Option<Millis> {
        match self.keep_grant {
            KeepGrant::UntilIdleLimit => {
                self.grant_idle.map(|idle| idle.less(idle.percent(10).min(Millis::from_days(1))))
            }
            KeepGrant::Never => None,
        }
    }
}
