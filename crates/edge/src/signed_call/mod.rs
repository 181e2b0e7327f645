//! A call to a provider that carries what the provider wants to see, whatever its caller sent.
//!
//! | file | one noun |
//! |---|---|
//! | [`outgoing`] | the call, before it is sent |

pub mod outgoing;

pub use outgoing::Outgoing;
