//! What is counted so that nobody asks for more than is good: in memory alone, without a row.

use std::cell::Cell;

use everlit_core::rate::{Gcra, Rate};
use everlit_core::time::Millis;
use everlit_edge::cookie::CookieError;
use everlit_edge::gate::Gate;
use everlit_wire::{Code, Problem, Seconds};
use serde_json::Value;

use crate::desk::client::GateClient;
use crate::environment::Environment;
use crate::pages::Failed;
use crate::routes::Call;
use crate::{clock, log};

thread_local! {
    /// Questions with a cookie that is not ours. There is no object to count them: such a cookie names none.
    static REFUSALS: Cell<Gcra> = const { Cell::new(Gcra::new()) };
    static LINES: Cell<Gcra> = const { Cell::new(Gcra::new()) };
}

/// Lines of one isolate that a stranger can cause: a log is billed by the line.
const SELDOM: Rate = Rate::new(60, Millis::from_secs(60));

/// Lets somebody pass each of these gates, in their order.
pub(crate) async fn pass(
    call: &Call,
    environment: &Environment,
    what: &'static str,
    gates: impl IntoIterator<Item = Gate>,
) -> Result<(), Failed> {
    for gate in gates {
        let client = GateClient::of(&call.env, &environment.gates.name(&gate));
        // A gate that does not answer lets nobody pass: where it is overrun, that is what it is for.
        let wait = client.admit(&gate).await.map_err(|_| Failed::Ourselves)?;
        if let Some(wait) = wait {
            line("throttled", [("what", what.into())]);
            return Err(Failed::Throttled(wait));
        }
    }
    Ok(())
}

/// What a question for a token is told whose cookie is not ours. One without a cookie is a browser that is logged out: it is told so,
/// whatever others ask.
pub(crate) fn refused(call: &Call, environment: &Environment) -> Problem {
    let cookies = call.request.header("cookie").unwrap_or_default();
    if environment.cookies.session(&cookies).err() == Some(CookieError::Absent) {
        return Problem::new(Code::LoggedOut);
    }
    match admit(&REFUSALS, environment.config.limits.refusals) {
        Ok(()) => Problem::new(Code::LoggedOut),
        Err(wait) => throttled("cookie", wait),
    }
}

/// Too much was asked.
pub(crate) fn throttled(what: &'static str, wait: Millis) -> Problem {
    line("throttled", [("what", what.into())]);
    Problem { retry_after: Some(Seconds(wait)), ..Problem::new(Code::Throttled) }
}

/// Writes a line that a stranger can cause, unless there have been many.
pub(crate) fn line<const N: usize>(event: &'static str, fields: [(&'static str, Value); N]) {
    if admit(&LINES, SELDOM).is_ok() {
        log::line(event, fields);
    }
}

fn admit(kept: &'static std::thread::LocalKey<Cell<Gcra>>, rate: Rate) -> Result<(), Millis> {
    let mut gcra = kept.get();
    let admitted = gcra.admit(rate, clock::now());
    kept.set(gcra);
    admitted
}
