/// What the event socket says: that something has changed, and never what a tab could not learn by asking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notice {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// What.
    pub kind: NoticeKind,
    /// The login.
    pub epoch: u64,
    /// The newest token within it.
    pub generation: u32,
}

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum NoticeKind {
    /// There is a newer token.
    Moved,
    /// The session waits for its user.
    ReauthRequired,
    /// The session is over: a limit, or somebody else's word.
    Ended,
    /// The session is over: its user logged out.
    LoggedOut,
}

impl Notice {
    /// A notice of this version.
    #[must_use]
    pub const fn new(kind: NoticeKind, epoch: u64, generation: u32) -> Self {
        Self { v: crate::VERSION, kind, epoch, generation }
    }
}
