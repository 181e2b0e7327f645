//! HTTP/1.1 over a socket: a request as bytes, and the answer to it out of bytes.
//!
//! No `fetch` sends a GET with a body, and some APIs read by nothing else. So this is written by hand, and only as far as a client
//! goes that sends one request over a connection of its own and closes it.
//!
//! | file | one noun |
//! |---|---|
//! | [`request`] | the bytes of one request, and never of two |
//! | [`head`] | status and headers of an answer, and how its body ends |
//! | [`chunked`] | a body in chunks |
//! | [`reader`] | the answer, in whatever pieces it comes |
//!
//! # Spec
//!
//! [_RFC 9112_](https://www.rfc-editor.org/rfc/rfc9112.html). Where it leaves a choice to the recipient, this one refuses: what two
//! readers could end in two places is no answer.

mod chunked;
mod head;
mod reader;
mod request;

pub use head::Head;
pub use reader::{Answer, Limits, ReadError, Reader};
pub use request::{MAX_TARGET, request};
