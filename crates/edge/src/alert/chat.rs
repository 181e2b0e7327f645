//! The JSON that Slack's incoming webhooks take, and those of other tools that followed it. Who knows no blocks shows `text`, which says
//! it all.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::time::Timestamp;
use serde_json::{Value, json};

use super::Alert;
use super::text::{OPEN, Said};

/// The body.
pub(super) fn body(alert: &Alert<'_>, now: Timestamp) -> String {
    let said = Said::at(alert, now);
    let plain = |text: &str| json!({ "type": "plain_text", "text": escape(text), "emoji": false });
    let mut blocks: Vec<Value> = [
        json!({ "type": "header", "text": plain(&said.headline) }),
        json!({ "type": "section", "text": plain(&said.lines.join("\n")) }),
    ]
    .into();
    if let Some(link) = &said.link {
        // No character of a URL ends such a link: `HttpUrl` has neither `>` nor `|`. It has no label: who follows it sees where it leads.
        let text = alloc::format!("{OPEN}<{}>", escape(link));
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }));
    }
    json!({ "text": escape(&said.text()), "blocks": blocks }).to_string()
}

/// The three characters by which a text could name a channel, a person or a link.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
