//! Requests that a browser makes on a guess, before anyone has clicked.

/// Whether the request is a prefetch or a prerender: it must have no effect, so a login does not begin with it.
///
/// `sec_purpose` is a structured header whose first item is `prefetch` (`prefetch;prerender`); `purpose` is the older one.
#[must_use]
pub fn is_prefetch(sec_purpose: Option<&str>, purpose: Option<&str>) -> bool {
    [sec_purpose, purpose].into_iter().flatten().any(|value| {
        value.split([',', ';']).any(|word| {
            ["prefetch", "prerender", "preview"].iter().any(|guess| word.trim().eq_ignore_ascii_case(guess))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_known_by_either_header() {
        assert!(is_prefetch(Some("prefetch"), None));
        assert!(is_prefetch(Some("prefetch;prerender"), None));
        assert!(is_prefetch(Some("prefetch; anonymous-client-ip"), None));
        assert!(is_prefetch(None, Some("Prefetch")));
        assert!(!is_prefetch(None, None));
        assert!(!is_prefetch(Some("prefetched"), Some("")));
    }
}
