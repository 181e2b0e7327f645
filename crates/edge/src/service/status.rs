//! Where a service stands, as it is told: durations in seconds, times in milliseconds since 1970.

use alloc::string::String;
use alloc::vec::Vec;

use everlit_core::service::{Attempt, Automatic, Job, Need, Record, Status, User, Validated};
use everlit_core::time::{Millis, Timestamp};
use serde_json::{Value, json};

use crate::config::services::ServiceConfig;
use crate::words;

/// The whole of it, but for [its secrets](super::secrets): of those each caller knows others.
#[must_use]
pub fn told(config: &ServiceConfig, status: &Status, now: Timestamp) -> Value {
    let name = config.name.as_str();
    json!({
        "service": name,
        "provider": config.description.name,
        "title": config.description.title,
        "active": status.active,
        "valid": status.valid,
        "status": status.word.as_str(),
        "expires_at": at(status.expires_at),
        "expires_in": length(status.expires_in),
        "time_left": time_left(status),
        "source": status.source.map(|source| source.as_str()),
        "epoch": status.stamp.map(|stamp| stamp.epoch.0),
        "generation": status.stamp.map(|stamp| stamp.generation.0),
        "on_fallback": at(status.on_fallback),
        "validated": status.validated.map(|Validated { at, valid }| json!({ "at": at.as_millis(), "valid": valid })),
        "automatic": automatic(config, status),
        "login_from": at(status.login_from),
        "need": status.need.map(|Need { since, want }| json!({ "since": since.as_millis(), "reason": want.as_str() })),
        "push_until": at(status.push_until),
        "attempt": status.attempt.map(|attempt| under_way(attempt, status.attempts)),
        "failed_rounds": status.failed_rounds,
        "trouble": status.trouble.map(|class| class.as_str()),
        "hold_until": at(status.hold_until),
        "checked_at": at(status.checked_at),
        "next_check_at": status.next_check_at.as_millis(),
        "renewals": status.records.iter().map(renewal).collect::<Vec<_>>(),
        "alerts_waiting": status.alerts_waiting,
        "revocations": {
            "waiting": status.revocations_waiting,
            "last": status.revoked.map(|last| json!({ "at": last.at.as_millis(), "outcome": last.outcome.as_str() })),
        },
        "callers": status.users.iter().map(user).collect::<Vec<_>>(),
        "configuration": configuration(config),
        "server_time": now.as_millis(),
    })
}

fn at(at: Option<Timestamp>) -> Value {
    at.filter(|at| *at < Timestamp::NEVER).map_or(Value::Null, |at| at.as_millis().into())
}

/// In seconds, with fractions.
pub(crate) fn length(length: Option<Millis>) -> Value {
    length.map_or(Value::Null, |length| json!(length.as_millis() as f64 / 1_000.0))
}

fn time_left(status: &Status) -> String {
    match status.expires_in {
        _ if !status.valid => "none".into(),
        Some(left) => words::time_left(left),
        None => "unknown".into(),
    }
}

/// Whether it is renewed without anybody, and why, in a sentence.
fn automatic(config: &ServiceConfig, status: &Status) -> Value {
    let why = match status.automatic {
        Automatic::Possible(_) => "It is renewed without anybody.",
        Automatic::NotOffered => config.description.why_a_person.unwrap_or("This provider has no such way."),
        Automatic::NoToken => "A person brings the first token.",
        Automatic::NoRefreshToken => "It came without a refresh token: a person is needed when it ends.",
        Automatic::TokenOver => "It would be done to a token that lives, and there is none.",
        Automatic::Closed(class) => super::answer::says(class),
    };
    if let Automatic::Possible(way) = status.automatic {
        json!({ "possible": true, "how": way.as_str(), "why": why })
    } else {
        json!({ "possible": false, "reason": status.automatic.as_str(), "why": why })
    }
}

fn under_way(attempt: Attempt, of: u32) -> Value {
    json!({ "number": attempt.number, "of": of, "job": job(attempt.job), "begun_at": attempt.begun_at.as_millis() })
}

/// What an attempt is at, in a word.
#[must_use]
pub const fn job(job: Job) -> &'static str {
    match job {
        Job::Exchange(_) => "exchange",
        Job::Prove(_) => "prove",
        Job::Validate(_) => "validate",
        Job::Renew(way) => way.as_str(),
        Job::AskPush => "ask_push",
    }
}

fn renewal(record: &Record) -> Value {
    json!({
        "at": record.at.as_millis(),
        "source": record.source.as_str(),
        "outcome": record.failed.map_or("ok", |class| class.as_str()),
        "attempts": record.attempts,
    })
}

fn user(user: &User) -> Value {
    // Those that there was no place for.
    let name = if user.name.is_empty() { "others" } else { user.name.as_str() };
    json!({
        "name": name,
        "tokens": user.served,
        "calls": user.calls,
        "nones": user.unserved,
        "limited": user.limited,
        "last_at": user.last_at.as_millis(),
    })
}

/// What is set and where it came from: never a value.
fn configuration(config: &ServiceConfig) -> Value {
    let from = |set: bool, variable: bool, otherwise: &str| json!({ "set": set, "source": if variable { "variable" } else { otherwise } });
    // What is not said is known all the same, or is not there.
    let known = |is_said: bool, otherwise: &str| from(true, is_said, otherwise);
    let said = |is_said: bool, otherwise: &str| from(is_said, is_said, otherwise);
    let unrevoked = match (config.revokes(), config.asks_a_server()) {
        (true, _) => None,
        (false, true) => Some(
            "A logout ends nothing at the authorization server: revocation_url says where tokens are revoked.",
        ),
        (false, false) => Some("A logout ends nothing at the provider: it has no such call."),
    };
    json!({
        "client_id": from(true, true, "variable"),
        "account": said(config.account.is_some(), "first token"),
        "origin": known(config.origin.is_some(), "provider"),
        "login_url": known(config.login_url.is_some(), "provider"),
        "token_url": said(config.token_url.is_some(), "none"),
        "grant": said(config.grant.is_some(), "default"),
        "scopes": said(!config.scopes.is_empty(), "none"),
        "page": known(config.page.is_some(), "default"),
        "push": { "set": config.push },
        "revocation": { "set": config.revokes(), "source": if config.revocation_url.is_some() { "variable" } else { "provider" }, "advice": unrevoked },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;
    use crate::config::services::ServicesConfig;
    use everlit_core::id::CallerId;
    use everlit_core::service::{Event, Fingerprint, Handed, Monitor, Now, Purpose, Reply, Source};
    use everlit_core::time::Moment;

    const NOW: Timestamp = Timestamp::from_millis(1_790_951_400_000);

    fn config(more: &str) -> ServiceConfig {
        let table = ["{\"provider\": \"upstox\", \"client_id\": \"615b\"", more, "}"].concat();
        let variables = Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text("SERVICE_UPSTOX", &table)
            .secret("SECRET_SESSION_KEY")
            .secret("SECRET_UPSTOX_CLIENT_SECRET");
        ServicesConfig::parse(&variables).unwrap().service("upstox").unwrap().clone()
    }

    fn asked(purpose: Purpose) -> Event {
        Event::Asked { caller: CallerId(2), name: "reports".into(), reads_only: false, purpose }
    }

    fn now(at: Timestamp) -> Now {
        Now {
            moment: Moment { wall: at, mono: at, entropy: 7 },
            fresh_ends_at: Some(at.after(Millis::from_days(1))),
        }
    }

    #[test]
    fn a_service_without_a_token_says_who_is_needed_and_why() {
        let config = config("");
        let mut monitor = Monitor::new(config.settings(1));
        let _effects = monitor.step(now(NOW), Event::DeadlineReached);
        let told = told(&config, &monitor.status(now(NOW)), NOW);
        assert_eq!(
            (&told["active"], &told["valid"], &told["status"]),
            (&json!(false), &json!(false), &json!("needs_human"))
        );
        assert_eq!((&told["time_left"], &told["expires_in"]), (&json!("none"), &Value::Null));
        assert_eq!(told["need"], json!({ "since": NOW.as_millis(), "reason": "first_token" }));
        assert_eq!(told["automatic"]["possible"], json!(false));
        assert_eq!(told["automatic"]["reason"], json!("not_offered"));
        assert!(told["automatic"]["why"].as_str().unwrap().starts_with("Upstox has no refresh token"));
        assert_eq!(told["configuration"]["grant"], json!({ "set": false, "source": "default" }));
        assert_eq!(told["configuration"]["account"], json!({ "set": false, "source": "first token" }));
        assert_eq!(told["revocations"], json!({ "waiting": 0, "last": null }));
        assert_eq!(
            told["configuration"]["revocation"],
            json!({ "set": true, "source": "provider", "advice": null })
        );
    }

    #[test]
    fn a_token_is_told_with_its_time_and_never_by_itself() {
        let config = config(r#", "account": "AB1234""#);
        let mut monitor = Monitor::new(config.settings(1));
        let name = Fingerprint(9);
        let expires_at = Some(NOW.after(Millis::from_secs(3 * 3_600 + 12 * 60)));
        let handed = Handed {
            name,
            source: Source::Pasted,
            exchange: false,
            expires_at,
            fallback_until: None,
            ticket: None,
        };
        let _effects = monitor.step(now(NOW), Event::HandedIn { caller: CallerId(1), handed });
        let proving = told(&config, &monitor.status(now(NOW)), NOW);
        assert_eq!(
            proving["attempt"],
            json!({ "number": 1, "of": 3, "job": "prove", "begun_at": NOW.as_millis() })
        );
        let request = monitor.attempt().unwrap().request;
        let _effects = monitor.step(now(NOW), Event::AttemptAnswered { request, reply: Reply::Valid });
        let _effects = monitor.step(now(NOW), asked(Purpose::Token));
        let _effects = monitor.step(now(NOW), asked(Purpose::Call));
        let told = told(&config, &monitor.status(now(NOW)), NOW);
        assert_eq!((&told["status"], &told["time_left"]), (&json!("active"), &json!("3 h 12 min")));
        assert_eq!((&told["expires_in"], &told["source"]), (&json!(11_520.0), &json!("pasted")));
        assert_eq!(told["validated"], json!({ "at": NOW.as_millis(), "valid": true }));
        assert_eq!(told["renewals"][0]["outcome"], json!("ok"));
        let caller = &told["callers"][0];
        assert_eq!(
            (&caller["tokens"], &caller["calls"], &caller["nones"]),
            (&json!(1), &json!(1), &json!(0))
        );
        assert_eq!(told["configuration"]["account"]["source"], json!("variable"));
    }
}
