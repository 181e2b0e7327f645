//! Finding one cookie in a `Cookie` header.

use alloc::string::String;
use alloc::vec::Vec;

/// The longest header that is searched. Browsers and the platform stop far below.
const MAX_HEADER: usize = 64 * 1_024;

/// Why a cookie does not count. To the user it is all the same: there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieError {
    /// There is none of that name.
    Absent,
    /// There are several of that name: one of them was planted, and nobody can say which.
    Duplicate,
    /// The header is longer than anything a browser sends.
    TooLong,
    /// The value is not an id and a MAC.
    Malformed,
    /// The MAC is not ours: invented, from another deployment, or from a key that was retired.
    Forged,
}

impl CookieError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Absent => "no cookie",
            Self::Duplicate => "the cookie is there twice",
            Self::TooLong => "the cookie header is too long",
            Self::Malformed => "the cookie is malformed",
            Self::Forged => "the cookie's MAC is not ours",
        }
    }
}

/// The value of the cookie called `name` in a `Cookie` header.
///
/// Cookies of others are skipped whatever they look like: on `localhost` every port shares one jar. Only a semicolon ends a
/// cookie. A comma does not, though it joins headers elsewhere: a sibling host may set a cookie `x=1,<our name>=...`, which
/// the prefix of our name would not allow it to set by that name.
///
/// # Errors
///
/// Where it is absent or there twice, or the header is too long.
pub fn find<'a>(header: &'a str, name: &str) -> Result<&'a str, CookieError> {
    if header.len() > MAX_HEADER {
        return Err(CookieError::TooLong);
    }
    let mut values = header.split(';').filter_map(|pair| {
        let (given, value) = pair.split_once('=')?;
        // Names are compared in their case: `__host-http-everlit` is another cookie, and one without the prefix's rules.
        (given.trim_matches([' ', '\t']) == name).then(|| value.trim_matches([' ', '\t']))
    });
    let value = values.next().ok_or(CookieError::Absent)?;
    if values.next().is_some() { Err(CookieError::Duplicate) } else { Ok(value) }
}

/// A `Cookie` header without the cookies of these names, however often they are in it.
#[must_use]
pub fn without(header: &str, names: &[&str]) -> String {
    let is_kept = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        !names.contains(&name.trim_matches([' ', '\t']))
    };
    let kept: Vec<&str> = header.split(';').filter(is_kept).map(str::trim).collect();
    kept.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;

    #[test]
    fn cookies_that_are_nobody_elses_are_left_out() {
        assert_eq!(without("a=1; ours=x;  b=2;ours=y", &["ours"]), "a=1; b=2");
        assert_eq!(without("ours=x", &["ours"]), "");
        assert_eq!(without(" ours = x; yours=ours=x", &["ours"]), "yours=ours=x");
        assert_eq!(without("a=1; b=2", &["ours", "b"]), "a=1");
    }

    #[test]
    fn our_cookie_is_found_among_others() {
        for header in
            ["a=1; ours=x; b=2", "ours=x", "ours=x;", " ours = x ", "broken; =; ours=x; c", "Ours=y; ours=x"]
        {
            assert_eq!(find(header, "ours"), Ok("x"), "{header:?}");
        }
        assert_eq!(find("a=1,ours=y; ours=x", "ours"), Ok("x"), "a neighbour's value is not ours");
        assert_eq!(find("a=1, ours=y", "ours"), Err(CookieError::Absent));
        let hundred: String = (0..100).map(|at| format!("c{at}=v; ")).collect();
        assert_eq!(find(&format!("{hundred}ours=x"), "ours"), Ok("x"));
    }

    #[test]
    fn none_or_two_of_them_are_no_cookie() {
        assert_eq!(find("", "ours"), Err(CookieError::Absent));
        assert_eq!(find("ours", "ours"), Err(CookieError::Absent));
        assert_eq!(find("oursx=1; xours=1; a=ours=x", "ours"), Err(CookieError::Absent));
        assert_eq!(find("ours=x; ours=x", "ours"), Err(CookieError::Duplicate));
        assert_eq!(find(&"a".repeat(MAX_HEADER + 1), "ours"), Err(CookieError::TooLong));
    }
}
