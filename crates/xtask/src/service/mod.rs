//! `cargo xtask service`: a service's token taken over from where it was kept by hand, how it stands, and the way to log in.
//!
//! What is read is never written to, and no token is printed: a name says which one it is.

mod ask;
mod choice;
mod entry;

use crate::cli::{ServiceArgs, ServiceCommand, ServiceDoor, ServiceImportArgs};
use anyhow::{Context as _, Result, bail};
use ask::{Door, Said};
use choice::{Choice, Ignored};
use entry::Entry;
use everlit_core::time::Timestamp;
use everlit_edge::date;
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// A file with a token in it is no longer.
const FILE_MAX: u64 = 1024 * 1_024;

/// `cargo xtask service`
pub(crate) fn run(args: ServiceArgs) -> Result<ExitCode> {
    match args.command {
        ServiceCommand::Import(args) => import(&args),
        ServiceCommand::Status { name, door } => status(&name, &door),
        ServiceCommand::Login { name, door } => login(&name, &door),
    }
}

fn open(name: &str, door: &ServiceDoor) -> Result<Door> {
    Door::open(&door.to, name, &door.key_env, env::var(&door.key_env).ok())
}

fn now() -> Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(Timestamp::from_millis(u64::try_from(since.as_millis())?))
}

fn import(args: &ServiceImportArgs) -> Result<ExitCode> {
    let source = args.source.display().to_string();
    let entries = read(args).with_context(|| format!("cannot take over from {source}"))?;
    let choice = choice::choose(&entries, args.from.as_deref(), now()?)
        .with_context(|| format!("cannot take over from {source}"))?;
    let told = tell(&source, &choice);
    // A dry run reaches nobody, so it needs no key.
    let said = if args.dry_run { None } else { Some(hand_in(args, &choice)?) };
    let outcome = said.as_ref().map_or(Ok("dry_run"), |said| verdict(said, &choice));
    let ok = outcome.is_ok();
    let taken = outcome == Ok("accepted");
    let (word, detail) = match &outcome {
        Ok(word) => (*word, None),
        Err(why) => ("refused", Some(why.clone())),
    };
    if args.door.json {
        let ignored: Vec<Value> =
            choice.ignored.iter().map(|Ignored { name, why }| json!({ "name": name, "why": why })).collect();
        let body = said.as_ref().map_or(&Value::Null, |said| &said.body);
        println!(
            "{}",
            json!({
                "ok": ok, "service": args.service, "found": choice.name, "handed_in_until": choice.expires_at.map(Timestamp::as_millis), "ignored": ignored, "others": choice.others,
                "verdict": said.as_ref().and_then(|said| said.text("verdict")).unwrap_or(word), "detail": detail, "epoch": body.get("epoch"), "generation": body.get("generation"), "expires_at": body.get("expires_at"),
                "remove": if taken { choice.remove.as_slice() } else { &[] },
            })
        );
    } else {
        print!("{told}");
        println!("{}", ending(args, &choice, said.as_ref(), &outcome));
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(args: &ServiceImportArgs) -> Result<Vec<Entry>> {
    if args.source.as_os_str() == "env" {
        // The key that this command itself uses is nothing to take over.
        let own = |(name, _): &(String, String)| *name != args.door.key_env;
        let vars = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        return Ok(vars.filter(own).map(|(name, value)| Entry::new(name, value)).collect());
    }
    let about = fs::metadata(&args.source).context("it cannot be read")?;
    if !about.is_file() || about.len() > FILE_MAX {
        bail!(
            "it is to be a file of at most 1 MB: an environment file (NAME=value) or JSON; or the word env, for this command's own environment"
        );
    }
    entry::read(&fs::read_to_string(&args.source).context("it is no text")?)
}

fn hand_in(args: &ServiceImportArgs, choice: &Choice) -> Result<Said> {
    let mut body = json!({ "credential": choice.token.expose(), "source": "imported" });
    let kind = args.kind.as_deref().or(choice.kind);
    if let Some(members) = body.as_object_mut() {
        members.extend(kind.map(|kind| ("kind".to_owned(), json!(kind))));
        members.extend(choice.expires_at.map(|at| ("expires_at".to_owned(), json!(at.as_millis()))));
    }
    open(&args.service, &args.door)?.put("credential", &body)
}

/// What came of it, in a word, or why nothing did. Whatever the Worker says, the token is not in it.
fn verdict(said: &Said, choice: &Choice) -> Result<&'static str, String> {
    match (said.status, said.text("verdict")) {
        (200, Some("accepted")) => Ok("accepted"),
        (202, Some("unproven")) => Ok("unproven"),
        (422, Some(verdict)) => {
            let detail = said.text("detail").unwrap_or("It says no more.");
            Err(format!("the service does not take it ({verdict}): {detail}")
                .replace(choice.token.expose().as_str(), "…"))
        }
        _ => Err(said.trouble().replace(choice.token.expose().as_str(), "…")),
    }
}

/// What was found and what was left.
fn tell(source: &str, choice: &Choice) -> String {
    let mut told = format!("found {} in {source}\n", choice.name);
    if let Some(at) = choice.expires_at {
        told.push_str(&format!(
            "it says that the token ends at {} UTC\n",
            date::iso_seconds(at).replace('T', " ")
        ));
    }
    for Ignored { name, why } in &choice.ignored {
        told.push_str(&format!("left {name}: it {why}\n"));
    }
    if choice.others > 0 {
        let names = if choice.others == 1 { "name has" } else { "names have" };
        told.push_str(&format!("{} more {names} nothing to do with it\n", choice.others));
    }
    told
}

/// What the service said, and what to do now.
fn ending(
    args: &ServiceImportArgs,
    choice: &Choice,
    said: Option<&Said>,
    outcome: &Result<&'static str, String>,
) -> String {
    let service = &args.service;
    match outcome {
        Ok("accepted") => {
            let until =
                said.and_then(|said| said.body.get("expires_at")?.as_u64()).map_or_else(String::new, |at| {
                    format!(
                        " It is planned to end at {} UTC.",
                        date::iso_seconds(Timestamp::from_millis(at)).replace('T', " ")
                    )
                });
            let place = if args.source.as_os_str() == "env" {
                "the environment, and from where that is set".to_owned()
            } else {
                args.source.display().to_string()
            };
            format!(
                "{service} has taken it: the provider has confirmed it.{until}\nNow remove {} from {place}, and stop what renewed it: a login by another program can end this one.",
                choice.remove.join(" and ")
            )
        }
        Ok("unproven") => format!(
            "{service} keeps it: the provider could not be asked just now, and is asked again. See `cargo xtask service status {service}`, and remove nothing until it is active."
        ),
        Ok(_) => format!("nothing was handed in to {service}, as this is a dry run"),
        Err(why) => why.clone(),
    }
}

fn status(name: &str, door: &ServiceDoor) -> Result<ExitCode> {
    let said = open(name, door)?.get("status")?;
    if said.status != 200 {
        bail!("{}", said.trouble());
    }
    if door.json {
        println!("{}", said.body);
    } else {
        print!("{}", stands(&said.body));
    }
    Ok(ExitCode::SUCCESS)
}

/// A status in lines for a person.
fn stands(body: &Value) -> String {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let time = |value: Option<&Value>| {
        value
            .and_then(Value::as_u64)
            .map(|at| format!("{} UTC", date::iso_seconds(Timestamp::from_millis(at)).replace('T', " ")))
    };
    let number = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or_default();
    let mut lines = vec![format!(
        "{} ({}): {}",
        text("service").unwrap_or("?"),
        text("title").or_else(|| text("provider")).unwrap_or("?"),
        text("status").unwrap_or("unknown")
    )];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {name:<20} {value}"));
        }
    };
    add("time left", text("time_left").map(str::to_owned));
    add("ends", time(body.get("expires_at")));
    add("came by", text("source").map(str::to_owned));
    let validated = body.get("validated");
    let valid = validated.and_then(|validated| validated.get("valid")?.as_bool());
    add(
        "provider said",
        valid.map(|valid| {
            let at = time(validated.and_then(|validated| validated.get("at"))).unwrap_or_default();
            format!("{} at {at}", if valid { "valid" } else { "not valid" })
        }),
    );
    let automatic = body.get("automatic");
    let possible = automatic.and_then(|automatic| automatic.get("possible")?.as_bool());
    add(
        "renewed by itself",
        possible.map(|possible| {
            let why = automatic
                .and_then(|automatic| automatic.get("why").or_else(|| automatic.get("how"))?.as_str());
            format!(
                "{}{}",
                if possible { "yes" } else { "no" },
                why.map(|why| format!(": {why}")).unwrap_or_default()
            )
        }),
    );
    let need = body.get("need").and_then(|need| need.get("reason")?.as_str());
    add(
        "a person is needed",
        need.map(|need| {
            let since = time(body.get("need").and_then(|need| need.get("since")));
            format!("{need}{}", since.map(|since| format!(", since {since}")).unwrap_or_default())
        }),
    );
    add("login worth it from", time(body.get("login_from")));
    add("trouble", text("trouble").map(str::to_owned));
    add(
        "failed rounds",
        Some(number("failed_rounds")).filter(|rounds| *rounds > 0).map(|rounds| rounds.to_string()),
    );
    add("last check", time(body.get("checked_at")));
    add("next check", time(body.get("next_check_at")));
    add(
        "alerts waiting",
        Some(number("alerts_waiting")).filter(|waiting| *waiting > 0).map(|waiting| waiting.to_string()),
    );
    for (name, secret) in body.get("configuration").and_then(Value::as_object).into_iter().flatten() {
        let is_set = secret.get("set").and_then(Value::as_bool) == Some(true);
        add(name, Some(if is_set { "set" } else { "not set" }.to_owned()));
    }
    for secret in body.get("secrets").and_then(Value::as_array).into_iter().flatten() {
        let days = secret.get("age_in").and_then(Value::as_f64).map(|age| (age / 86_400.0).floor());
        let age = match (days, secret.get("old").and_then(Value::as_bool)) {
            (None, _) => "set, nobody wrote down when".to_owned(),
            (Some(days), Some(true)) => format!("set {days} days ago, which is long: set a new one"),
            (Some(days), _) => format!("set {days} days ago"),
        };
        add(secret.get("name").and_then(Value::as_str).unwrap_or_default(), Some(age));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn login(name: &str, door: &ServiceDoor) -> Result<ExitCode> {
    let said = open(name, door)?.post("login")?;
    let Some(url) = said.text("login_url").filter(|_| said.status == 200) else {
        bail!("{}", said.trouble())
    };
    if door.json {
        println!("{}", said.body);
        return Ok(ExitCode::SUCCESS);
    }
    let minutes = said
        .body
        .get("expires_in")
        .and_then(Value::as_f64)
        .map_or_else(String::new, |left| format!(" within {left:.0} s"));
    eprintln!("open this in a browser{minutes}, once; whoever opens it logs in for {name}:");
    println!("{url}");
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_core::secret::Secret;

    fn choice() -> Choice {
        Choice {
            name: "UPSTOX_ACCESS_TOKEN".into(),
            token: Secret::new("canary".into()),
            kind: Some("token"),
            expires_at: Some(Timestamp::from_millis(1_790_978_400_000)),
            ignored: vec![Ignored { name: "UPSTOX_PIN".into(), why: "is for a person".into() }],
            remove: vec!["UPSTOX_ACCESS_TOKEN".into(), "UPSTOX_TOKEN_EXPIRY".into()],
            others: 2,
        }
    }

    #[test]
    fn what_was_found_is_said_by_name() {
        assert_eq!(
            tell(".env", &choice()),
            "found UPSTOX_ACCESS_TOKEN in .env\nit says that the token ends at 2026-10-02 22:00:00 UTC\nleft UPSTOX_PIN: it is for a person\n2 more names have nothing to do with it\n"
        );
    }

    #[test]
    fn each_verdict_is_told_and_none_with_the_token() {
        let said = |status, body| verdict(&Said { status, body }, &choice());
        assert_eq!(said(200, json!({ "verdict": "accepted" })), Ok("accepted"));
        assert_eq!(said(202, json!({ "verdict": "unproven" })), Ok("unproven"));
        for word in ["refused", "over", "foreign", "lost", "late", "malformed"] {
            let why = said(
                422,
                json!({ "code": "credential_refused", "verdict": word, "detail": "About canary." }),
            )
            .unwrap_err();
            assert_eq!(why, format!("the service does not take it ({word}): About …."));
        }
        assert!(
            said(429, json!({ "code": "busy", "retry_after": 1 })).unwrap_err().contains("Ask again in 1 s")
        );
        // A word that fits no status is nobody's.
        assert!(said(200, json!({ "verdict": "unproven" })).is_err());
        assert!(said(200, json!({})).is_err());
    }

    #[test]
    fn a_status_is_told_in_lines_and_leaves_out_what_nobody_knows() {
        let body = json!({
            "service": "broker", "title": "Upstox", "status": "needs_human", "time_left": "none", "expires_at": 1_790_978_400_000_u64, "source": "pasted",
            "validated": { "at": 1_790_978_400_000_u64, "valid": false }, "automatic": { "possible": false, "why": "A person has to approve it." },
            "need": { "since": 1_790_978_400_000_u64, "reason": "login" }, "failed_rounds": 0, "trouble": null,
            "configuration": { "account": { "set": false, "source": "first token" } },
            "secrets": [
                { "name": "SECRET_BROKER_CLIENT_SECRET", "set": true, "age_in": 34_560_000.5, "old": true },
                { "name": "SECRET_SESSION_KEY", "set": true, "age_in": 86_399.0, "old": false },
                { "name": "SECRET_CALLER_REPORTS_KEY", "set": true, "age_in": null, "old": null },
            ],
        });
        let told = stands(&body);
        for line in [
            "broker (Upstox): needs_human\n",
            "  time left            none\n",
            "  provider said        not valid at 2026-10-02 22:00:00 UTC\n",
            "  renewed by itself    no: A person has to approve it.\n",
            "  a person is needed   login, since 2026-10-02 22:00:00 UTC\n",
            "  account              not set\n",
            "  SECRET_BROKER_CLIENT_SECRET set 400 days ago, which is long: set a new one\n",
            "  SECRET_SESSION_KEY   set 0 days ago\n",
            "  SECRET_CALLER_REPORTS_KEY set, nobody wrote down when\n",
        ] {
            assert!(told.contains(line), "{told}");
        }
        assert!(!told.contains("trouble") && !told.contains("failed"), "{told}");
        assert_eq!(stands(&json!({})), "? (?): unknown\n");
    }
}
