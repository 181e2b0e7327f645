//! The second place where an account's vault is: another object, which holds a copy that only the vault can open.

pub(crate) mod client;
mod object;

pub use object::ServiceBackup;
