//! What comes from an authorization server.

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::oauth::{
    HttpAnswer, MAX_RETRY_AFTER, RevocationAnswer, TokenAnswer, expires_in, parse_retry_after,
};
use everlit_edge::oidc::{Jwks, ProviderMetadata, parse_id_token};
use everlit_edge::{base64url, date};
use proptest::prelude::*;

use crate::inputs::{body, json, settings, status, text};

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn an_answer_has_a_class_and_only_a_parsed_error_is_terminal(
        status in status(),
        content_type in prop::option::of(text()),
        retry_after in prop::option::of(text()),
        body in body(),
        millis: u64,
    ) {
        let answer = HttpAnswer {
            status,
            content_type: content_type.as_deref(),
            retry_after: retry_after.as_deref(),
            date: retry_after.as_deref(),
            body: &body,
            now: Timestamp::from_millis(millis),
        };
        match TokenAnswer::classify(&answer) {
            TokenAnswer::Granted(tokens) => {
                prop_assert!((200..300).contains(&status));
                prop_assert!(tokens.expires_in > Millis::ZERO && tokens.expires_in <= expires_in::LONGEST);
                prop_assert!(tokens.access_token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            }
            TokenAnswer::Reauth { .. } => {
                prop_assert!(String::from_utf8_lossy(&body).contains("invalid_grant"));
                prop_assert!(status < 500 && ![408, 409, 429].contains(&status));
            }
            TokenAnswer::Unreadable { .. } | TokenAnswer::Unusable { .. } => {
                prop_assert!((200..300).contains(&status));
            }
            TokenAnswer::NotDone { .. } => {
                prop_assert!(String::from_utf8_lossy(&body).contains("use_dpop_nonce") && (200..500).contains(&status));
            }
            TokenAnswer::Misconfigured { .. } => prop_assert!(status < 500),
            TokenAnswer::Transient { retry_after, .. } | TokenAnswer::Throttled { retry_after, .. } => {
                prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
            }
        }
        match RevocationAnswer::classify(&answer) {
            RevocationAnswer::Revoked => prop_assert!(status < 500),
            RevocationAnswer::Retry { retry_after, .. } => prop_assert!(retry_after.is_none_or(|wait| wait <= MAX_RETRY_AFTER)),
            RevocationAnswer::Refused { .. } => prop_assert!((400..500).contains(&status)),
        }
    }

    #[test]
    fn waits_and_dates_are_bounded(header in text(), server in text(), millis: u64) {
        let wait = parse_retry_after(Some(&header), Some(&server), Timestamp::from_millis(millis));
        prop_assert!(wait.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
        let _any: Option<Timestamp> = date::parse_http_date(&header);
    }

    #[test]
    fn a_date_is_the_day_that_a_calendar_says(days in 0_u64..200_000, seconds in 0_u64..86_400) {
        // Counted year by year and month by month, the slow way.
        let (mut year, mut left) = (1_970_u64, days);
        let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        while left >= 365 + u64::from(leap(year)) {
            left -= 365 + u64::from(leap(year));
            year += 1;
        }
        let lengths = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while left >= lengths[month] {
            left -= lengths[month];
            month += 1;
        }
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month];
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let text = format!("Xyz, {:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT", left + 1);
        prop_assert_eq!(date::parse_http_date(&text), Some(Timestamp::from_millis((days * 86_400 + seconds) * 1_000)), "{}", text);
    }

    #[test]
    fn documents_of_a_provider_are_read_or_refused(body in body(), issuer in text()) {
        prop_assert!(ProviderMetadata::parse(&body, "https://as.example").is_err(), "a document must name its issuer");
        let _any: bool = ProviderMetadata::parse(&body, &issuer).is_ok();
        if let Ok(keys) = Jwks::parse(&body) {
            prop_assert!(keys.keys().len() <= 64);
            for key in keys.keys() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&key.public_json()).is_ok());
            }
        }
    }

    #[test]
    fn an_id_token_is_taken_apart_or_refused(text in text(), header in json(), claims in json(), signature in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(parse_id_token(&text).is_err());
        let signing_input = format!("{}.{}", base64url::encode(header.to_string().as_bytes()), base64url::encode(claims.to_string().as_bytes()));
        let token = format!("{signing_input}.{}", base64url::encode(&signature));
        if let Ok(token) = parse_id_token(&token) {
            prop_assert_eq!(token.signing_input(), signing_input.as_bytes());
            prop_assert_eq!(token.signature(), signature.as_slice());
        }
    }
}
