//! What Cloudflare asks for, and the formula of the bill. This page is all there is to it.
//!
//! List prices of the Workers Paid plan in US dollars, as published in November 2026, without the allowances that are included
//! (they take less than a hundred dollars off a month):
//! <https://developers.cloudflare.com/durable-objects/platform/pricing/> and
//! <https://developers.cloudflare.com/workers/platform/pricing/>.
//!
//! | what | price | here |
//! |---|---|---|
//! | requests to the Worker | $0.30 a million | each page load, refresh, proxied call, and three for a login; not what the Worker asks itself over the service binding, which is free |
//! | CPU time of the Worker | $0.02 a million ms | `--cpu-ms` for each of them, twice that for a refresh (the rotator) |
//! | requests to objects | $0.15 a million | counted; an alarm that rings is one |
//! | rows written | $1.00 a million | counted; each `setAlarm` is one, also inside an alarm handler |
//! | rows read | $0.001 a million | counted |
//! | duration of objects | $12.50 a million GB-s | 128 MB for `--object-ms` a request, and for `--answer-ms` a refresh, while the vault waits for its answer. An object that is idle and may hibernate costs nothing: hence no timer may be pending in one |
//! | storage | $0.20 a GB-month | two objects a session, `OBJECT_KB` each |
//!
//! Refreshes a day and session = `--hours` of use over the lifetime of a token less its lead of 300 s (a fifth of it, if that is
//! less): tokens are fetched ahead while somebody uses the app, and lapse when nobody does.
//!
//! Everything else is multiplied out: users × sessions × days × how often × (requests, rows, time) × price.

use super::counts::{Counts, Step};

const MILLION: f64 = 1_000_000.0;

const WORKER_REQUEST: f64 = 0.30 / MILLION;
const CPU_MS: f64 = 0.02 / MILLION;
const OBJECT_REQUEST: f64 = 0.15 / MILLION;
const ROW_WRITTEN: f64 = 1.00 / MILLION;
const ROW_READ: f64 = 0.001 / MILLION;
const GB_SECOND: f64 = 12.50 / MILLION;
const STORED_GB_MONTH: f64 = 0.20;

/// The memory that an object is billed for, whatever it uses.
const OBJECT_GB: f64 = 0.128;
/// What an object with one small table takes on the disk.
const OBJECT_KB: f64 = 20.0;
/// Requests to the Worker for a login: its beginning, its callback, and the page that it leads to.
const LOGIN_REQUESTS: f64 = 3.0;
/// The most that a token is fetched ahead.
const LEAD_S: f64 = 300.0;

/// How an app is used: what cannot be counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// People who use it on a day.
    pub(crate) users: f64,
    /// Browsers of each.
    pub(crate) sessions: f64,
    /// Days of a month.
    pub(crate) days: f64,
    /// Hours of use a day and session.
    pub(crate) hours: f64,
    /// Seconds that an access token lives.
    pub(crate) access_ttl: f64,
    /// Calls through the proxy, a day and session.
    pub(crate) calls: f64,
    /// Page loads a day and session.
    pub(crate) loads: f64,
    /// Logins a month and session.
    pub(crate) logins: f64,
    /// Milliseconds of CPU a request.
    pub(crate) cpu_ms: f64,
    /// Milliseconds that an object works for a request.
    pub(crate) object_ms: f64,
    /// Milliseconds that the authorization server takes for a refresh.
    pub(crate) answer_ms: f64,
}

impl Usage {
    /// How often a session refreshes its token on a day.
    pub(crate) fn refreshes(&self) -> f64 {
        let lead = LEAD_S.min(self.access_ttl / 5.0);
        self.hours * 3_600.0 / (self.access_ttl - lead)
    }
}

/// One thing that people do, what it costs in a month, and which part of that are rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// What.
    pub(crate) what: &'static str,
    /// How often in a month.
    pub(crate) times: f64,
    /// Dollars a month.
    pub(crate) usd: f64,
    /// Of that, for rows written.
    pub(crate) rows_usd: f64,
}

/// The bill of a month.
pub(crate) fn bill(counts: &Counts, usage: &Usage) -> Vec<Line> {
    let sessions = usage.users * usage.sessions;
    let daily = sessions * usage.days;
    let line = |what, times: f64, worker_requests: f64, step: &Step, waits_ms: f64| {
        let rows = step.rows + step.rearmed;
        let object_s = (step.object_requests * usage.object_ms + waits_ms) / 1_000.0;
        let cpu = worker_requests + f64::from(u8::from(waits_ms > 0.0));
        let each = worker_requests * WORKER_REQUEST
            + cpu * usage.cpu_ms * CPU_MS
            + step.object_requests * OBJECT_REQUEST
            + rows * ROW_WRITTEN
            + step.rows_read * ROW_READ
            + object_s * OBJECT_GB * GB_SECOND;
        Line { what, times, usd: times * each, rows_usd: times * rows * ROW_WRITTEN }
    };
    let stored = sessions * 2.0 * OBJECT_KB / MILLION;
    vec![
        line("refreshes", daily * usage.refreshes(), 1.0, &counts.refresh, usage.answer_ms),
        line("proxied calls", daily * usage.calls, 1.0, &counts.proxied_call, 0.0),
        line("page loads", daily * usage.loads, 1.0, &counts.page_load, 0.0),
        line("logins", sessions * usage.logins, LOGIN_REQUESTS, &counts.login, 0.0),
        line("logouts", sessions * usage.logins, 1.0, &counts.logout, 0.0),
        Line { what: "storage", times: sessions, usd: stored * STORED_GB_MONTH, rows_usd: 0.0 },
    ]
}

/// The sum of it.
pub(crate) fn total(bill: &[Line]) -> f64 {
    bill.iter().map(|line| line.usd).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage {
        users: MILLION,
        sessions: 1.0,
        days: 30.0,
        hours: 8.0,
        access_ttl: 3_600.0,
        calls: 0.0,
        loads: 0.0,
        logins: 0.0,
        cpu_ms: 0.0,
        object_ms: 0.0,
        answer_ms: 0.0,
    };

    fn counts(refresh: Step) -> Counts {
        Counts { refresh, ..Counts::default() }
    }

    #[test]
    fn a_row_a_refresh_is_a_dollar_a_million() {
        let refreshes = USAGE.refreshes() * 30.0 * MILLION;
        assert!((USAGE.refreshes() - 8.727).abs() < 0.001, "{}", USAGE.refreshes());
        let cost = |rows: f64| total(&bill(&counts(Step { rows, ..Step::default() }), &USAGE));
        assert!((cost(5.0) - cost(4.0) - refreshes / MILLION).abs() < 0.01);
    }

    #[test]
    fn an_alarm_that_is_armed_again_is_paid_for_like_a_row() {
        let cost = |rows: f64, rearmed: f64| {
            total(&bill(&counts(Step { rows, rearmed, ..Step::default() }), &USAGE))
        };
        assert!((cost(5.0, 1.0) - cost(6.0, 0.0)).abs() < 0.01);
    }

    #[test]
    fn an_object_that_is_never_idle_costs_a_million() {
        // One stray timer: 128 MB for every second of the month.
        let awake = MILLION * 30.0 * 86_400.0 * OBJECT_GB * GB_SECOND;
        assert!(awake > 4.0 * MILLION, "{awake}");
        let usage = Usage { calls: 1.0, object_ms: 86_400_000.0, hours: 0.0, ..USAGE };
        let call =
            Counts { proxied_call: Step { object_requests: 1.0, ..Step::default() }, ..Counts::default() };
        assert!((total(&bill(&call, &usage)) / awake - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_short_token_is_refreshed_more_often() {
        let short = Usage { access_ttl: 300.0, ..USAGE };
        assert!((short.refreshes() - 8.0 * 3_600.0 / 240.0).abs() < 1e-9);
    }
}
