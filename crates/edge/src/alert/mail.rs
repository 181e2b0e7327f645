//! JSON for a mail API of the common shape: `from`, `to`, `subject`, `text` (Resend's, and those that are compatible).

use alloc::string::{String, ToString as _};

use everlit_core::time::Timestamp;
use serde_json::json;

use super::Alert;
use super::text::Said;
use crate::words::moment;

/// The body: the same whenever it is sent, so that an API that knows the key takes it for the same mail.
pub(super) fn body(alert: &Alert<'_>, from: &str, to: &[String]) -> String {
    let written: Timestamp = alert.at;
    let said = Said::at(alert, written);
    let when = moment(written, alert.zone, written);
    let text = alloc::format!("{}\n\nThis was written at {when}.\n", said.body());
    json!({ "from": from, "to": to, "subject": said.headline, "text": text }).to_string()
}
