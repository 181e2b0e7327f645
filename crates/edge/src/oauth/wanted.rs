//! What a token is asked for that is handed to a browser: exactly that, or nothing.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::id::Aim;
use everlit_core::sort;
use everlit_core::vault::{self, Target};

use super::TokenAnswer;

/// The longest scope: as many as a configuration takes, each at its longest. No letter of it is one that JSON escapes.
pub const MAX_SCOPE: usize = 32 * 129;

/// Scope and resource of an upstream that the browser calls by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The scope: a part of what the login asks for.
    pub scopes: Vec<String>,
    /// The resource server that the token is for (RFC 8707), where the authorization server is to be told.
    pub resource: Option<String>,
}

impl Wanted {
    /// Its name for the vault: FNV-1a of scope and resource, as far as a number goes through JavaScript unharmed. It guards nothing:
    /// both are the operator's own words. In another order the same scope is the same.
    #[must_use]
    pub fn aim(&self) -> Aim {
        let mut scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        sort::by_key(&mut scopes, |scope| *scope);
        let words = scopes.into_iter().chain(["", self.resource.as_deref().unwrap_or_default()]);
        let bytes = words.flat_map(|word| word.bytes().chain([b' ']));
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Aim(hash >> 11)
    }

    /// The scope, as a request names it (RFC 6749, section 3.3).
    #[must_use]
    pub fn scope(&self) -> String {
        self.scopes.join(" ")
    }

    /// The answer to a request for this, in the machine's words. A server that grants more than was asked for has spent the refresh
    /// token all the same, and its access token is handed to nobody; one that does not say grants what was asked for (RFC 6749,
    /// section 5.1).
    #[must_use]
    pub fn judged(&self, answer: TokenAnswer) -> vault::TokenAnswer {
        let scope = match &answer {
            TokenAnswer::Granted(response) => response.scope.clone(),
            TokenAnswer::Transient { .. }
            | TokenAnswer::Throttled { .. }
            | TokenAnswer::Unreadable { .. }
            | TokenAnswer::Reauth { .. }
            | TokenAnswer::NotDone { .. }
            | TokenAnswer::Unusable { .. }
            | TokenAnswer::Misconfigured { .. } => None,
        };
        let granted_scope: Option<Vec<&str>> =
            scope.as_deref().map(|scope| scope.split_ascii_whitespace().collect());
        let is_wanted = |one: &&str| self.scopes.iter().any(|own| own == one);
        let exceeds = granted_scope.as_ref().is_some_and(|granted| !granted.iter().all(is_wanted));
        let answer = vault::TokenAnswer::from(answer);
        let vault::TokenAnswer::Granted(granted) = answer else { return answer };
        if exceeds {
            return vault::TokenAnswer::Unusable { successor: granted.refresh_token };
        }
        let is_granted = |own: &&str| granted_scope.as_ref().is_none_or(|granted| granted.contains(own));
        let scope: Vec<&str> = self.scopes.iter().map(String::as_str).filter(is_granted).collect();
        let target = Some(Target { aim: self.aim(), scope: scope.join(" ") });
        vault::TokenAnswer::Granted(vault::Granted { target, ..granted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::HttpAnswer;
    use alloc::string::ToString as _;
    use everlit_core::time::Timestamp;

    fn wanted(scopes: &[&str], resource: Option<&str>) -> Wanted {
        let scopes = scopes.iter().map(|scope| (*scope).to_string()).collect();
        Wanted { scopes, resource: resource.map(str::to_string) }
    }

    fn judged(scope: &str) -> vault::TokenAnswer {
        let body = alloc::format!(
            r#"{{"access_token":"a","token_type":"Bearer","expires_in":60,"refresh_token":"r"{scope}}}"#
        );
        let answer = HttpAnswer {
            status: 200,
            content_type: None,
            retry_after: None,
            date: None,
            body: body.as_bytes(),
            now: Timestamp::from_millis(0),
        };
        wanted(&["orders:read", "orders:write"], None).judged(TokenAnswer::classify(&answer))
    }

    #[test]
    fn a_token_is_taken_for_what_it_was_given_for_and_never_for_more() {
        for (answer, scope) in [
            ("", "orders:read orders:write"),
            (r#","scope":"orders:write  orders:read""#, "orders:read orders:write"),
            (r#","scope":"orders:read""#, "orders:read"),
            (r#","scope":1"#, "orders:read orders:write"),
        ] {
            let vault::TokenAnswer::Granted(granted) = judged(answer) else { panic!("{answer}") };
            assert_eq!(granted.target.map(|target| target.scope).as_deref(), Some(scope), "{answer}");
        }
        for broader in ["openid orders:read", "orders:read orders:write admin", "ORDERS:READ", "orders"] {
            let answer = judged(&alloc::format!(r#","scope":"{broader}""#));
            let vault::TokenAnswer::Unusable { successor: Some(successor) } = answer else {
                panic!("{broader}")
            };
            assert_eq!(successor.expose(), "r", "it is the next one of the grant");
        }
        let refused = TokenAnswer::Misconfigured { reason: "invalid_scope" };
        assert!(matches!(wanted(&["a"], None).judged(refused), vault::TokenAnswer::Failed { .. }));
    }

    #[test]
    fn what_is_asked_for_is_what_it_is_known_by() {
        let aim = |scopes: &[&str], resource| wanted(scopes, resource).aim();
        assert_eq!(aim(&["a", "b"], None), aim(&["b", "a"], None));
        let others =
            [aim(&["a"], None), aim(&["ab"], None), aim(&["a", "b"], None), aim(&["a"], Some("https://b"))];
        for (place, one) in others.iter().enumerate() {
            assert!(one.0 < 1 << 53, "a number of JavaScript");
            assert!(!others.iter().skip(place + 1).any(|other| other == one));
        }
    }
}
