//! What was counted in the objects of a real Worker, by `tests/worker/cost.mjs`.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// What one thing that people do puts on the bill.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Step {
    /// Rows written, and alarms armed outside of an alarm handler.
    pub(crate) rows: f64,
    /// Alarms that were armed again inside their handler.
    pub(crate) rearmed: f64,
    /// Rows read.
    pub(crate) rows_read: f64,
    /// Requests to objects, and alarms that rang.
    pub(crate) object_requests: f64,
}

/// All of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    /// A refresh, with the alarm that guards it, in a session that has had some.
    pub(crate) refresh: Step,
    /// A call through the proxy with a token that is fresh.
    pub(crate) proxied_call: Step,
    /// `GET /auth/session`.
    pub(crate) page_load: Step,
    /// A login, from its beginning to the page that it leads to.
    pub(crate) login: Step,
    /// A logout, with the revocation.
    pub(crate) logout: Step,
}

impl Counts {
    /// Reads the last line of what was printed.
    pub(crate) fn parse(output: &str) -> Result<Self> {
        let line = output.lines().rev().find(|line| line.starts_with('{')).context("nothing was counted")?;
        let all: Value = serde_json::from_str(line).context("what was counted is no JSON")?;
        let step = |name: &str| -> Result<Step> {
            let field = |field: &str| {
                all.pointer(&format!("/{name}/{field}"))
                    .and_then(Value::as_f64)
                    .with_context(|| format!("{field} of {name} was not counted"))
            };
            Ok(Step {
                rows: field("rows")?,
                rearmed: field("rearmed")?,
                rows_read: field("rows_read")?,
                object_requests: field("object_requests")?,
            })
        };
        Ok(Self {
            refresh: step("refresh")?,
            proxied_call: step("proxied_call")?,
            page_load: step("page_load")?,
            login: step("login")?,
            logout: step("logout")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_counted_is_named() {
        let step = r#"{"rows":5,"rearmed":1,"rows_read":8,"object_requests":4}"#;
        let all = ["refresh", "proxied_call", "page_load", "login", "logout"]
            .map(|name| format!(r#""{name}":{step}"#));
        let counts = Counts::parse(&format!("noise\n{{{}}}\n", all.join(","))).unwrap();
        assert_eq!(counts.refresh, Step { rows: 5.0, rearmed: 1.0, rows_read: 8.0, object_requests: 4.0 });
        let error = Counts::parse(&format!("{{{}}}", all[1..].join(","))).unwrap_err();
        assert!(error.to_string().contains("refresh"), "{error}");
        assert!(Counts::parse("nothing").is_err());
    }
}
