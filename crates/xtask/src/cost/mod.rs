//! `cargo xtask cost`: what a deployment costs in a month, from what a real Worker was seen to write.
//!
//! | file | one noun |
//! |---|---|
//! | [`counts`] | what was counted |
//! | [`prices`] | list prices and the formula |

mod counts;
mod prices;

use crate::cli::CostArgs;
use crate::repo::Repo;
use crate::{build, npm, run, say};
use anyhow::Result;
use counts::Counts;
use prices::{Line, Usage, bill, total};
use serde_json::json;
use std::process::ExitCode;

/// What is promised of a million users.
const MILLION: f64 = 1_000_000.0;

/// `cargo xtask cost`
pub(crate) fn run(args: &CostArgs) -> Result<ExitCode> {
    let counts = measure(&Repo::find()?)?;
    let usage = usage(args);
    let bill = bill(&counts, &usage);
    if args.json {
        println!(
            "{}",
            json!({
                "rows_per_refresh": whole(counts.refresh.rows),
                "rows_per_proxied_call": whole(counts.proxied_call.rows),
                "usd_month_per_million_users": (total(&bill) * MILLION / usage.users).round(),
                "rearmed_per_refresh": whole(counts.refresh.rearmed),
                "object_requests_per_refresh": whole(counts.refresh.object_requests),
                "refreshes_per_day": (usage.refreshes() * 100.0).round() / 100.0,
            })
        );
    } else {
        print!("{}", describe(&counts, &usage, &bill));
    }
    Ok(ExitCode::SUCCESS)
}

fn usage(args: &CostArgs) -> Usage {
    Usage {
        users: f64::from(args.users),
        sessions: args.sessions,
        days: 30.0,
        hours: args.hours,
        access_ttl: f64::from(args.access_ttl),
        calls: args.calls,
        loads: args.loads,
        logins: args.logins,
        cpu_ms: args.cpu_ms,
        object_ms: args.object_ms,
        answer_ms: args.answer_ms,
    }
}

/// Lets a real Worker live through a session, and counts.
fn measure(repo: &Repo) -> Result<Counts> {
    npm::ensure(repo)?;
    build::worker(repo)?;
    say::step("counting what a session writes (half a minute)");
    let mut command = repo.node();
    command.arg(repo.at("tests/worker/cost.mjs")).env("EVERLIT_WORKER_BUILD", repo.at("worker/build"));
    Counts::parse(&run::must(repo, "cost", command, 3)?)
}

/// Counts are whole numbers, and are to look like that in JSON.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small counts")]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

fn describe(counts: &Counts, usage: &Usage, bill: &[Line]) -> String {
    let mut text = format!(
        "counted in local workerd\n  a refresh       {} rows written (alarms included), {} alarm armed again in its handler, {} requests to objects\n  \
         a proxied call  {} rows written, {} request to an object\n  a page load     {} rows written, {} request to an object\n\n",
        counts.refresh.rows,
        counts.refresh.rearmed,
        counts.refresh.object_requests,
        counts.proxied_call.rows,
        counts.proxied_call.object_requests,
        counts.page_load.rows,
        counts.page_load.object_requests,
    );
    text += &format!(
        "a month of {:.0} daily users: {} h of use a day, tokens of {} s, so {:.1} refreshes a day; {} proxied calls and {} page loads a day\n",
        usage.users,
        usage.hours,
        usage.access_ttl,
        usage.refreshes(),
        usage.calls,
        usage.loads
    );
    for line in bill {
        text += &format!(
            "  {:<14} {:>8.1} million  ${:>8.0}{}\n",
            line.what,
            line.times / MILLION,
            line.usd,
            if line.rows_usd >= 1.0 {
                format!("   (${:.0} of it for rows written)", line.rows_usd)
            } else {
                String::new()
            }
        );
    }
    text += &format!("  {:<14} {:>16}  ${:>8.0}\n\nwhat changes it most\n", "together", "", total(bill));
    for (what, other) in [
        ("100 proxied calls a day more", Usage { calls: usage.calls + 100.0, ..*usage }),
        ("tokens of 5 min", Usage { access_ttl: 300.0, ..*usage }),
        ("half the hours", Usage { hours: usage.hours / 2.0, ..*usage }),
    ] {
        text += &format!("  {what:<30} ${:>8.0}\n", total(&prices::bill(counts, &other)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;
    use counts::Step;

    fn defaults() -> Usage {
        let Command::Cost(args) = Cli::parse_from(["xtask", "cost"]).command else { unreachable!() };
        usage(&args)
    }

    /// As counted in November 2026.
    const COUNTS: Counts = Counts {
        refresh: Step { rows: 5.0, rearmed: 1.0, rows_read: 8.0, object_requests: 4.0 },
        proxied_call: Step { rows: 0.0, rearmed: 0.0, rows_read: 0.0, object_requests: 1.0 },
        page_load: Step { rows: 0.0, rearmed: 0.0, rows_read: 0.0, object_requests: 1.0 },
        login: Step { rows: 12.0, rearmed: 0.0, rows_read: 15.0, object_requests: 6.0 },
        logout: Step { rows: 2.0, rearmed: 0.0, rows_read: 2.0, object_requests: 1.0 },
    };

    #[test]
    fn a_million_daily_users_stay_within_the_goal() {
        let cost = total(&bill(&COUNTS, &defaults()));
        assert!(cost > 1_500.0 && cost < 2_500.0, "{cost}");
        let thirteen = Counts { refresh: Step { rows: 13.0, ..COUNTS.refresh }, ..COUNTS };
        assert!(total(&bill(&thirteen, &defaults())) > 4_000.0, "eight rows more are seen");
    }

    #[test]
    fn people_are_told_what_was_counted_and_what_it_costs() {
        let usage = defaults();
        let text = describe(&COUNTS, &usage, &bill(&COUNTS, &usage));
        for words in
            ["5 rows written", "1 alarm armed again", "together", "for rows written", "tokens of 5 min"]
        {
            assert!(text.contains(words), "{words}:\n{text}");
        }
    }
}
