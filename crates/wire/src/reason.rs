use everlit_core::vault::AskReason;

/// Why a tab asks for the token. See [`AskReason`], which decides; this is its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum TokenReason {
    /// The token is near its end.
    Deadline,
    /// A resource server refused it.
    Unauthorized,
    /// The app wants a new one.
    Forced,
    /// The tab slept, or its clocks disagree.
    Resume,
    /// The user was active; nothing rotates.
    Activity,
}

impl From<TokenReason> for AskReason {
    fn from(reason: TokenReason) -> Self {
        match reason {
            TokenReason::Deadline => Self::Deadline,
            TokenReason::Unauthorized => Self::Unauthorized,
            TokenReason::Forced => Self::Forced,
            TokenReason::Resume => Self::Resume,
            TokenReason::Activity => Self::Activity,
        }
    }
}
