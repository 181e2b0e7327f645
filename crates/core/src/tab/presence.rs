//! Whether the user is there.

/// Whether the user is there, as all tabs of a browser agree. Closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// They did something not long ago.
    #[default]
    Present,
    /// They did nothing for so long that a token is allowed to lapse.
    Idle,
    /// The session will soon end for want of activity, and they are asked whether they are there.
    Prompted,
}

impl Presence {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Present, Self::Idle, Self::Prompted];

    /// The name that apps see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Idle => "idle",
            Self::Prompted => "prompted",
        }
    }
}
