//! The two cookies of a browser: the session, and the binding that a login is tied to. A third keeps a response for a minute that the browser
//! was made to post ([`crate::posted`]).
//!
//! | | session | binding |
//! |---|---|---|
//! | name | `__Host-Http-everlit` | `__Host-Http-everlit-binding` |
//! | `SameSite` | `Strict` | `Lax`: the callback is a navigation from another site, and must see it |
//! | names | the session's vault | the browser's login desk |
//! | lives | as long as the session may | as long as a login may take |
//!
//! An operator's login at the provider of a service is bound by a cookie of its own, which names nothing: the service's vault knows it by
//! heart, as long as that login is under way.
//!
//! A value is an opaque id and a MAC. The MAC is checked before any Durable Object is named, so an invented cookie creates
//! nothing. The prefix keeps scripts and sibling hosts from setting the cookie where the browser honours it; not all do, so
//! the MAC alone decides.

mod header;
mod key;
mod opaque_id;
mod set_cookie;

pub use header::{CookieError, find, without};
pub use key::{CookieKeys, SessionCookie};
pub use opaque_id::{BindingId, SessionId};
pub use set_cookie::{
    clear_service_binding, clear_service_response, clear_session, set_binding, set_response,
    set_service_binding, set_service_response, set_session,
};

/// The name of the session cookie.
pub const SESSION_COOKIE: &str = "__Host-Http-everlit";
/// The name of the binding cookie.
pub const BINDING_COOKIE: &str = "__Host-Http-everlit-binding";
/// The name of the cookie with a response that was posted.
pub const RESPONSE_COOKIE: &str = "__Host-Http-everlit-response";
/// The name of the cookie that an operator's login is bound to.
pub const SERVICE_COOKIE: &str = "__Host-Http-everlit-service";
/// The name of the cookie with what came back of it by a form.
pub const SERVICE_RESPONSE_COOKIE: &str = "__Host-Http-everlit-service-response";
