use alloc::string::String;
use alloc::vec::Vec;

use crate::NumericDate;

/// The answer to `GET /auth/sessions`: this user's sessions, the one that asks first, then by last activity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionsResponse {
    /// [`VERSION`](crate::VERSION).
    pub v: u32,
    /// The Worker's clock.
    pub server_time: NumericDate,
    /// A hundred at most, those that began last.
    pub sessions: Vec<Device>,
}

/// One session of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Device {
    /// What `DELETE /auth/sessions/{id}` calls it. It is not the session's id, opens nothing, and changes with the deployment's key.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Where it stands.
    pub state: DeviceState,
    /// When its user logged in last.
    pub login_at: NumericDate,
    /// When its user was last active, to a quarter of the idle limit; not there where the session did not say.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub active_at: Option<NumericDate>,
    /// Browser and system, such as `Firefox on Linux`; not there where the browser says neither.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub device: Option<String>,
}

/// Where a session stands that is in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum DeviceState {
    /// It is in use.
    Active,
    /// It waits for its user.
    ReauthRequired,
}
