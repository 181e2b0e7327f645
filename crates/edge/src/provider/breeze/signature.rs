//! How a call to Breeze is signed: over the time, the very bytes of the body, and the app's secret.

use alloc::string::{String, ToString as _};

use everlit_core::secret::{AccessToken, Secret};
use everlit_core::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::date;
use crate::hex;

/// An app that is registered at Breeze.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// Its key, which is public.
    pub key: &'a str,
    /// Its secret, which is in every checksum.
    pub secret: &'a Secret<String>,
}

/// What a call without parameters carries all the same.
pub const EMPTY_BODY: &[u8] = b"{}";

/// The time of a call: to the second, with milliseconds that are always none.
#[must_use]
pub fn timestamp(now: Timestamp) -> String {
    [&date::iso_seconds(now), ".000Z"].concat()
}

/// The checksum, in small hexadecimal letters.
#[must_use]
pub fn checksum(timestamp: &str, body: &[u8], secret: &Secret<String>) -> String {
    let digest = Sha256::new().chain_update(timestamp).chain_update(body).chain_update(secret.expose());
    hex::encode(&digest.finalize())
}

/// The headers of a signed call. The body is what will be sent, byte for byte.
#[must_use]
pub fn headers(
    app: App<'_>,
    session_token: &AccessToken,
    body: &[u8],
    now: Timestamp,
) -> [(&'static str, Secret<String>); 4] {
    let timestamp = timestamp(now);
    let checksum = ["token ", &checksum(&timestamp, body, app.secret)].concat();
    [
        ("X-Checksum", Secret::new(checksum)),
        ("X-Timestamp", Secret::new(timestamp)),
        ("X-AppKey", Secret::new(app.key.to_string())),
        ("X-SessionToken", session_token.clone()),
    ]
}

/// The headers of the one call that is not signed, `GET /api/v2/historicalcharts`, which also has no body.
#[must_use]
pub fn unsigned_headers(app_key: &str, session_token: &AccessToken) -> [(&'static str, Secret<String>); 2] {
    [("apikey", Secret::new(app_key.to_string())), ("X-SessionToken", session_token.clone())]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-02T03:04:05Z.
    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    #[test]
    fn checksums_are_those_of_both_sdks() {
        let secret = Secret::new("s3cr3t".to_string());
        for (body, expected) in [
            (EMPTY_BODY, "a107d11fb8f3dc6859f4939b7022a1cac2451972ee7d4cb736f08ac8336562c2"),
            (
                b"{\"stock_code\":\"ITC\",\"n\":\"1\"}".as_slice(),
                "d51c0cc67bfc2b34650f3ca447cfdc2557205e7d0d47c444d718621500e565e9",
            ),
        ] {
            assert_eq!(checksum("2026-01-02T03:04:05.000Z", body, &secret), expected);
        }
    }

    #[test]
    fn a_call_is_signed_to_the_second() {
        let secret = Secret::new("s3cr3t".to_string());
        let token = Secret::new("QUIxMjM0NTY6OTg3NjU0MzI=".to_string());
        let headers = headers(App { key: "app+key=1!", secret: &secret }, &token, EMPTY_BODY, NOW);
        let shown = headers.each_ref().map(|(name, value)| (*name, value.expose().as_str()));
        assert_eq!(
            shown,
            [
                ("X-Checksum", "token a107d11fb8f3dc6859f4939b7022a1cac2451972ee7d4cb736f08ac8336562c2"),
                ("X-Timestamp", "2026-01-02T03:04:05.000Z"),
                ("X-AppKey", "app+key=1!"),
                ("X-SessionToken", "QUIxMjM0NTY6OTg3NjU0MzI="),
            ]
        );
        assert!(!alloc::format!("{headers:?}").contains("QUIx"));
    }
}
