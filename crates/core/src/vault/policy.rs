//! What an operator and a provider may choose.

use crate::time::Millis;

/// The numbers a vault works by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// A session without activity of its user ends after this.
    pub idle_limit: Millis,
    /// A session ends this long after its login, whatever happens.
    pub absolute_limit: Millis,
    /// How long a caller waits for a rotation before it gets what there is.
    pub caller_wait: Millis,
    /// How long an unanswered token request is waited for, also across a restart, before it counts as lost.
    pub request_limit: Millis,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idle_limit: Millis::from_days(14),
            absolute_limit: Millis::from_days(90),
            caller_wait: Millis::from_millis(4_500),
            // The runtime gives background work 30 s; nothing that began before can still be sending after that.
            request_limit: Millis::from_secs(30),
        }
    }
}
