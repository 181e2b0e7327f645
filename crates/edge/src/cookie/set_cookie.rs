//! The `Set-Cookie` headers.

use alloc::string::String;

use everlit_core::secret::Secret;
use everlit_core::time::Millis;

use super::{BINDING_COOKIE, RESPONSE_COOKIE, SERVICE_COOKIE, SERVICE_RESPONSE_COOKIE, SESSION_COOKIE};

/// Browsers keep no cookie for longer than 400 days (RFC 6265bis, section 5.5).
const MAX_AGE: Millis = Millis::from_days(400);

/// Sets the session cookie, to live as long as the session may.
///
/// # Spec
///
/// [_RFC 10017 § 6.1.3.2_](https://www.rfc-editor.org/rfc/rfc10017.html#section-6.1.3.2): `Secure` and `HttpOnly` are a
/// must; `SameSite=Strict`, `Path=/`, no `Domain` and a prefix are what it recommends.
#[must_use]
pub fn set_session(value: &Secret<String>, max_age: Millis) -> String {
    set(SESSION_COOKIE, value.expose(), "Strict", max_age)
}

/// Sets the binding cookie, to live as long as a login may take.
#[must_use]
pub fn set_binding(value: &Secret<String>, max_age: Millis) -> String {
    set(BINDING_COOKIE, value.expose(), "Lax", max_age)
}

/// Sets the cookie with a response that was posted. The request that follows is a navigation from the site of the form.
#[must_use]
pub fn set_response(value: &Secret<String>, max_age: Millis) -> String {
    set(RESPONSE_COOKIE, value.expose(), "Lax", max_age)
}

/// Sets the cookie that an operator's login is bound to. The callback is a navigation from the provider's site.
#[must_use]
pub fn set_service_binding(value: &Secret<String>, max_age: Millis) -> String {
    set(SERVICE_COOKIE, value.expose(), "Lax", max_age)
}

/// Removes it.
#[must_use]
pub fn clear_service_binding() -> String {
    set(SERVICE_COOKIE, "", "Lax", Millis::ZERO)
}

/// Sets the cookie with what came back of that login by a form: not the one of users' logins, which are none of its business.
#[must_use]
pub fn set_service_response(value: &Secret<String>, max_age: Millis) -> String {
    set(SERVICE_RESPONSE_COOKIE, value.expose(), "Lax", max_age)
}

/// Removes it.
#[must_use]
pub fn clear_service_response() -> String {
    set(SERVICE_RESPONSE_COOKIE, "", "Lax", Millis::ZERO)
}

/// Removes the session cookie.
#[must_use]
pub fn clear_session() -> String {
    set(SESSION_COOKIE, "", "Strict", Millis::ZERO)
}

fn set(name: &str, value: &str, same_site: &str, max_age: Millis) -> String {
    let seconds = max_age.min(MAX_AGE).as_millis() / 1_000;
    alloc::format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite={same_site}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_what_browsers_and_the_rfc_ask_for() {
        let value = Secret::new(String::from("v"));
        assert_eq!(
            set_session(&value, Millis::from_days(90)),
            "__Host-Http-everlit=v; Path=/; Max-Age=7776000; Secure; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            [set_service_binding(&value, Millis::from_secs(600)), clear_service_binding()],
            [
                "__Host-Http-everlit-service=v; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax",
                "__Host-Http-everlit-service=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax",
            ]
        );
        assert_eq!(
            set_binding(&value, Millis::from_secs(600)),
            "__Host-Http-everlit-binding=v; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"
        );
        assert!(set_session(&value, Millis::from_days(1_000)).contains("Max-Age=34560000;"));
        assert!(clear_session().starts_with("__Host-Http-everlit=; Path=/; Max-Age=0;"));
    }
}
