//! How long a session lasts, and how much may be asked.

use alloc::vec::Vec;

use everlit_core::rate::Rate;
use everlit_core::time::Millis;
use serde_json::Value;

use super::ConfigError;
use super::duration::{self, parse_duration};
use super::rate::{self, parse_rate};
use super::table::Table;

const EXPECTED: &str = "a table such as { idle = \"14d\", absolute = \"90d\" }";

/// The limits that the vault keeps, whatever a browser says, and those that nobody honest meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The session ends after so long without a sign of the user.
    pub idle: Millis,
    /// The session ends so long after the login, in any case.
    pub absolute: Millis,
    /// Logins that begin, all together; those of browsers that have begun one before are counted apart, by the same rate.
    pub logins: Rate,
    /// Logins that begin from one site of IPv6.
    pub logins_per_site: Rate,
    /// Logins that begin from one address.
    pub logins_per_address: Rate,
    /// Logins that begin in one browser, silent ones in one session as well.
    pub logins_per_browser: Rate,
    /// Back-channel logouts from one host of IPv4, or one site of IPv6.
    pub logouts_per_address: Rate,
    /// Callbacks of one browser.
    pub callbacks_per_browser: Rate,
    /// Rotations that are asked for in one session.
    pub rotations_per_session: Rate,
    /// Questions for a token without a session: of one that is over, or with a cookie that is not ours.
    pub refusals: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |count, minutes: u64| Rate::new(count, Millis::from_secs(minutes.saturating_mul(60)));
        Self {
            idle: Millis::from_days(14),
            absolute: Millis::from_days(90),
            logins: minutes(6_000, 1),
            logins_per_site: minutes(600, 1),
            logins_per_address: minutes(60, 1),
            logins_per_browser: minutes(120, 1),
            logouts_per_address: minutes(600, 1),
            callbacks_per_browser: minutes(120, 1),
            rotations_per_session: minutes(120, 10),
            refusals: minutes(6_000, 1),
        }
    }
}

impl Limits {
    pub(super) fn read(variable: &str, value: &Value, errors: &mut Vec<ConfigError>) -> Option<Self> {
        let known = [
            "idle",
            "absolute",
            "logins",
            "logins_per_site",
            "logins_per_address",
            "logins_per_browser",
            "logouts_per_address",
            "callbacks_per_browser",
            "rotations_per_session",
            "refusals",
        ];
        let table = Table::read(variable, value, &known, EXPECTED, errors)?;
        let default = Self::default();
        let length = |value: &Value| parse_duration(value.as_str()?);
        let idle = table.field("idle", duration::EXPECTED, errors, Some(default.idle), length);
        let absolute = table.field("absolute", duration::EXPECTED, errors, Some(default.absolute), length);
        let mut rate = |field: &str, default: Rate| {
            table.field(field, rate::EXPECTED, errors, Some(default), |value| parse_rate(value.as_str()?))
        };
        let logins = rate("logins", default.logins);
        let logins_per_site = rate("logins_per_site", default.logins_per_site);
        let logins_per_address = rate("logins_per_address", default.logins_per_address);
        let logins_per_browser = rate("logins_per_browser", default.logins_per_browser);
        let logouts_per_address = rate("logouts_per_address", default.logouts_per_address);
        let callbacks_per_browser = rate("callbacks_per_browser", default.callbacks_per_browser);
        let rotations_per_session = rate("rotations_per_session", default.rotations_per_session);
        let refusals = rate("refusals", default.refusals);
        Some(Self {
            idle: idle?,
            absolute: absolute?,
            logins: logins?,
            logins_per_site: logins_per_site?,
            logins_per_address: logins_per_address?,
            logins_per_browser: logins_per_browser?,
            logouts_per_address: logouts_per_address?,
            callbacks_per_browser: callbacks_per_browser?,
            rotations_per_session: rotations_per_session?,
            refusals: refusals?,
        })
    }
}
