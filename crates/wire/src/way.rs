/// A way of logging in again that asks nothing of the user where the authorization server still knows them (`prompt=none`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Way {
    /// A hidden frame. The server's cookie must reach it: they have to be of one site, or be known to let it.
    Frame,
    /// A popup, at the user's next gesture.
    Popup,
    /// The page itself goes there and comes back.
    Redirect,
}

impl Way {
    /// Every way, the least noticeable first.
    pub const ALL: [Self; 3] = [Self::Frame, Self::Popup, Self::Redirect];

    /// The name on the wire and in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Popup => "popup",
            Self::Redirect => "redirect",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == name)
    }
}
