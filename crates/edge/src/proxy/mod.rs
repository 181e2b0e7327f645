//! `/api/{upstream}/...`: which calls go through, where to, and with which headers.
//!
//! # Spec
//!
//! [_RFC 10017 § 6.1.3.6_](https://www.rfc-editor.org/rfc/rfc10017.html#section-6.1.3.6): a backend that forwards calls must
//! check the host against an allow-list and the path strictly. So the host and the first part of the path come from the
//! configuration, and the rest is refused wherever two servers could read it differently.

mod challenge;
mod headers;
mod location;
mod method;
mod path;

pub use challenge::{is_access_expired, is_bearer_only, is_nonce_wanted};
pub use headers::{RequestHeaders, ResponseHeaders};
pub use location::rewrite_location;
pub use method::Method;
pub use path::{Destination, PathRefusal, destination, meant, service};
pub(crate) use path::{MAX_TARGET, check, check_query};
