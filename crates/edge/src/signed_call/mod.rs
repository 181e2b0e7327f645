//! A call to a provider that carries what the provider wants to see, whatever its caller sent.
//!
//! A provider's own SDK is pointed at `/api/{service}` and shows a service key of ours where its token goes. What it makes of that (a
//! header, a time, a checksum) is taken out, and what the provider wants is put in. The key itself goes nowhere.
//!
//! | file | one noun |
//! |---|---|
//! | [`scheme`] | who is signed for, and what of a call is theirs |
//! | [`shown`] | the service key, where an SDK shows it |
//! | [`path`] | where a call goes, and the places that no caller may reach |
//! | [`leak`] | the key where it does not belong |
//! | [`asked`] | a call as it came, checked, and as it goes out |
//! | [`outgoing`] | the call, before it is sent |
//! | [`details`] | the one call that we answer ourselves |
//! | [`own_words`] | what we have to say, where an SDK looks for it |

mod asked;
mod details;
mod leak;
mod outgoing;
mod own_words;
mod path;
mod scheme;
mod shown;

pub use asked::{Asked, Checked, MAX_CALL_BODY, Refused, Signer};
pub use details::{details, details_key};
pub use outgoing::Outgoing;
pub use own_words::{say, say_to_stranger};
pub use path::{Place, is_details, place};
pub use scheme::Scheme;
pub use shown::{NoKey, shown};
