//! Where a call goes, and the places that no caller may reach.

use alloc::string::String;
use alloc::vec::Vec;

use super::Scheme;
use crate::proxy::{MAX_TARGET, Method, check, check_query};
use crate::query::hex;

/// Breeze's exchange, as a path is compared.
const DETAILS: &str = "breezeapi/api/v1/customerdetails";
/// Where Breeze keeps its second API, which is not signed, on a host of its own.
const CHARTS: &str = "api/v2/";
/// That host.
pub(super) const CHARTS_ORIGIN: &str = "https://breezeapi.icicidirect.com";

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A call like any other.
    Call,
    /// Breeze's second API: two headers, and no body.
    Charts,
    /// Breeze's exchange, which we answer ourselves.
    Details,
    /// It makes or ends tokens. Whoever may call may not log the operator out, or in as somebody else.
    OfSession,
}

/// What the path of a call is, which is what follows `/api/{service}`.
///
/// # Errors
///
/// Where it could be read in two ways; the reason is for logs.
pub fn place(scheme: Scheme, method: Method, path: &str, query: Option<&str>) -> Result<Place, &'static str> {
    check(path)?;
    query.map_or(Ok(()), check_query)?;
    if path.len().saturating_add(query.map_or(0, str::len)) > MAX_TARGET {
        return Err("too long");
    }
    if !path.starts_with('/') {
        return Err("nothing after the service");
    }
    let plain = plain(path);
    let parts: Vec<&str> = plain.split('/').collect();
    let place = match (scheme, parts.as_slice()) {
        (Scheme::Breeze, ["apiuser", ..]) => Place::OfSession,
        (Scheme::Breeze, _) if plain == DETAILS => Place::Details,
        (Scheme::Breeze, _) if plain.starts_with(CHARTS) => Place::Charts,
        (Scheme::Kite, ["session" | "connect" | "logout", ..]) => Place::OfSession,
        // `/v2/login/...`, `/v3/login/...`, `/v2/logout`, whichever version comes next.
        (Scheme::Upstox, ["login" | "logout", ..] | [_, "login" | "logout", ..]) => Place::OfSession,
        // To change the static address ends every token of the account.
        (Scheme::Upstox, [_, "user", "ip", ..]) if !method.is_read() => Place::OfSession,
        (Scheme::Breeze | Scheme::Kite | Scheme::Upstox, _) => Place::Call,
    };
    Ok(place)
}

/// Whether a call is Breeze's exchange, were it one to Breeze: its key is in its body. Who has shown none yet is treated alike whatever the
/// service is, and whether it is there.
#[must_use]
pub fn is_details(method: &str, path: &str, query: Option<&str>) -> bool {
    matches!(method, "GET" | "POST") && place(Scheme::Breeze, Method::Get, path, query) == Ok(Place::Details)
}

/// A path as the kindest of servers may read it: decoded, in small letters, without parameters and without slashes around it.
fn plain(path: &str) -> String {
    let mut bytes = path.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(hex).unwrap_or_default();
                (digit() << 4) | digit()
            }
            byte => byte,
        };
        decoded.push(byte.to_ascii_lowercase());
    }
    let decoded = String::from_utf8_lossy(&decoded).into_owned();
    let parts = decoded.split('/').map(|part| part.split(';').next().unwrap_or_default().trim());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scheme: Scheme, method: Method, path: &str) -> Result<Place, &'static str> {
        place(scheme, method, path, None)
    }

    #[test]
    fn no_caller_makes_or_ends_a_token() {
        for (scheme, path) in [
            (Scheme::Upstox, "/v2/login/authorization/dialog"),
            (Scheme::Upstox, "/v2/login/authorization/token"),
            (Scheme::Upstox, "/v3/login/auth/token/request/615b"),
            (Scheme::Upstox, "/v2/logout"),
            (Scheme::Upstox, "/v2/logout/"),
            (Scheme::Upstox, "/V2/LogOut"),
            (Scheme::Upstox, "/v2/log%6Fut"),
            (Scheme::Upstox, "/v2/%4Cogout"),
            (Scheme::Upstox, "/v2/logout;a=b"),
            (Scheme::Upstox, "/v2;a/logout"),
            (Scheme::Upstox, "/v2/logout%20"),
            (Scheme::Upstox, "/logout"),
            (Scheme::Upstox, "/v2/user/ip"),
            (Scheme::Upstox, "/v2/user/IP/"),
            (Scheme::Kite, "/session/token"),
            (Scheme::Kite, "/session/refresh_token"),
            (Scheme::Kite, "/Session/Token"),
            (Scheme::Kite, "/connect/login"),
            (Scheme::Breeze, "/apiuser/login"),
            (Scheme::Breeze, "/apiuser/tradelogin"),
            (Scheme::Breeze, "/apiUser/home"),
        ] {
            assert_eq!(of(scheme, Method::Put, path), Ok(Place::OfSession), "{scheme:?} {path}");
        }
        assert_eq!(of(Scheme::Upstox, Method::Get, "/v2/user/ip"), Ok(Place::Call));
    }

    #[test]
    fn everything_else_is_called() {
        for (scheme, path, expected) in [
            (Scheme::Upstox, "/v2/user/profile", Place::Call),
            (Scheme::Upstox, "/v2/order/place", Place::Call),
            (Scheme::Upstox, "/v3/feed/market-data-feed/authorize", Place::Call),
            (Scheme::Kite, "/user/profile", Place::Call),
            (Scheme::Kite, "/instruments/NSE", Place::Call),
            (Scheme::Kite, "/", Place::Call),
            (Scheme::Breeze, "/breezeapi/api/v1/funds", Place::Call),
            (Scheme::Breeze, "/breezeapi/api/v1/customerdetails2", Place::Call),
            (Scheme::Breeze, "/breezeapi/api/v1/customerdetails", Place::Details),
            (Scheme::Breeze, "/breezeapi/api/v1/CustomerDetails/", Place::Details),
            (Scheme::Breeze, "/breezeapi/api/v1/customer%64etails;a", Place::Details),
            (Scheme::Breeze, "/api/v2/historicalcharts", Place::Charts),
            (Scheme::Kite, "/api/v2/historicalcharts", Place::Call),
        ] {
            assert_eq!(of(scheme, Method::Get, path), Ok(expected), "{scheme:?} {path}");
        }
    }

    #[test]
    fn breezes_exchange_is_known_by_its_address_alone() {
        let path = "/breezeapi/api/v1/customerdetails";
        for (method, path, query, expected) in [
            ("GET", path, None, true),
            ("POST", path, Some("a=b"), true),
            ("POST", "/breezeapi/api/v1/CustomerDetails/", None, true),
            ("PUT", path, None, false),
            ("get", path, None, false),
            ("GET", "/breezeapi/api/v1/funds", None, false),
            ("GET", "/breezeapi//api/v1/customerdetails", None, false),
            ("GET", "", None, false),
        ] {
            assert_eq!(is_details(method, path, query), expected, "{method} {path} {query:?}");
        }
    }

    #[test]
    fn a_path_with_two_readings_is_none() {
        for path in
            ["", "v2", "/a/../v2/logout", "/a//b", "/v2%2flogout", "/v2/%256cogout", "/a b", "/a%", "/\u{e9}"]
        {
            assert!(of(Scheme::Upstox, Method::Get, path).is_err(), "{path}");
        }
        assert!(place(Scheme::Upstox, Method::Get, "/a", Some("a b")).is_err());
        assert!(place(Scheme::Upstox, Method::Get, "/a", Some(&"a".repeat(MAX_TARGET))).is_err());
    }
}
