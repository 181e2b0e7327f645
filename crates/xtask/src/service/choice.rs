//! Which of all names is the token, when it ends, and what is left where it is.

use super::entry::Entry;
use anyhow::{Result, bail};
use everlit_core::secret::Secret;
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::date;

/// Below this a time is in seconds, above it in milliseconds: the one lies in 1973, the other in 5138.
const MILLIS_FROM: u64 = 100_000_000_000;
/// What is said to be further away is a mistake in the unit.
const FURTHEST: Millis = Millis::from_days(400);
/// What stands in examples in the place of a token.
const PLACEHOLDERS: [&str; 8] =
    ["your", "changeme", "change_me", "xxx", "todo", "placeholder", "example", "none"];

/// What is handed in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The name under which it was found.
    pub(super) name: String,
    pub(super) token: Secret<String>,
    /// What its name says that it is, where that is sure: a provider's codes and tokens can look alike.
    pub(super) kind: Option<&'static str>,
    /// When it ends, where the file says that as a fact.
    pub(super) expires_at: Option<Timestamp>,
    /// What was left, and why.
    pub(super) ignored: Vec<Ignored>,
    /// What may go from where it was found, once it is taken over.
    pub(super) remove: Vec<String>,
    /// How many more names there are, which have to do with none of this.
    pub(super) others: usize,
}

/// A name that was looked at and left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ignored {
    pub(super) name: String,
    pub(super) why: String,
}

/// What a name says that its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Token,
    Expiry,
    /// It is none of the tokens that are handed in, and why.
    Other(&'static str),
    Unknown,
}

const REGISTRATION: &str = "belongs to the registration at the provider: client_id in SERVICE_<NAME>, and the secret SECRET_<NAME>_CLIENT_SECRET";
const CREDENTIALS: &str =
    "is for a person to log in with; no program is to keep it, and no provider here takes it from one";
const READS_ONLY: &str = "is good for reading only; Everlit gets its own with a login";
const REFRESH: &str = "belongs to the login that it came from; a renewal by two programs ends both";

fn meaning(plain: &str) -> Meaning {
    let has = |words: &[&str]| words.iter().any(|word| plain.contains(word));
    let ends =
        |words: &[&str]| words.iter().any(|word| plain == *word || plain.ends_with(&format!("_{word}")));
    if has(&["EXPIR"]) {
        Meaning::Expiry
    } else if has(&["PASSWORD", "PASSWD", "TOTP", "MPIN", "OTP_"])
        || ends(&["PIN", "USER_ID", "USERNAME", "MOBILE"])
    {
        Meaning::Other(CREDENTIALS)
    } else if has(&["REFRESH_TOKEN"]) {
        Meaning::Other(REFRESH)
    } else if has(&["EXTENDED_TOKEN", "ANALYTICS_TOKEN"]) {
        Meaning::Other(READS_ONLY)
    } else if ends(&[
        "API_KEY",
        "API_SECRET",
        "SECRET_KEY",
        "SECRET",
        "CLIENT_ID",
        "APP_KEY",
        "CLIENT_SECRET",
        "REDIRECT_URI",
    ]) {
        Meaning::Other(REGISTRATION)
    } else if ends(&["ACCESS_TOKEN", "SESSION_TOKEN", "API_SESSION", "BREEZE_SESSION", "REQUEST_TOKEN"]) {
        Meaning::Token
    } else {
        Meaning::Unknown
    }
}

/// Finds the token. `from` names one where there are several, or one whose name says nothing.
pub(super) fn choose(entries: &[Entry], from: Option<&str>, now: Timestamp) -> Result<Choice> {
    let mut ignored = Vec::new();
    let mut leave =
        |entry: &Entry, why: &str| ignored.push(Ignored { name: entry.name.clone(), why: why.to_owned() });
    let mut candidates: Vec<&Entry> = Vec::new();
    let mut expiries: Vec<&Entry> = Vec::new();
    let mut others = 0;
    for entry in entries {
        if from == Some(entry.name.as_str()) {
            match unusable(entry.value.expose()) {
                Some(why) => bail!("{} {why}", entry.name),
                None => candidates.push(entry),
            }
            continue;
        }
        match meaning(&entry.plain()) {
            Meaning::Token => match unusable(entry.value.expose()) {
                Some(why) => leave(entry, why),
                None if from.is_some() => leave(entry, "was not named by --from"),
                None => candidates.push(entry),
            },
            Meaning::Expiry => expiries.push(entry),
            Meaning::Other(why) => leave(entry, why),
            Meaning::Unknown => others += 1,
        }
    }
    let Some(first) = candidates.first().copied() else {
        let names = entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>();
        bail!("{}", nothing(from, &names, &ignored));
    };
    if candidates.iter().any(|other| other.value.expose().trim() != first.value.expose().trim()) {
        let names: Vec<&str> = candidates.iter().map(|entry| entry.name.as_str()).collect();
        bail!(
            "there are several that differ: {}. Say which one is this service's: --from {}",
            names.join(", "),
            first.name
        );
    }
    let mut expires_at = None;
    let mut remove: Vec<String> = candidates.iter().map(|entry| entry.name.clone()).collect();
    for entry in expiries {
        if !belongs(entry, first) {
            leave(entry, &format!("is not beside {}", first.name));
            continue;
        }
        remove.push(entry.name.clone());
        match expiry(&entry.plain(), entry.value.expose(), now) {
            Ok(at) if expires_at.is_none_or(|known| known == at) => expires_at = Some(at),
            Ok(_) => leave(
                entry,
                "says another time than the one before it; the first one counts, and the provider knows better",
            ),
            Err(why) => leave(entry, why),
        }
    }
    let token = Secret::new(first.value.expose().trim().to_owned());
    Ok(Choice {
        name: first.name.clone(),
        token,
        kind: kind(&first.plain()),
        expires_at,
        ignored,
        remove,
        others,
    })
}

/// What a name is sure to mean. `SESSION_TOKEN` is not: Breeze's SDK calls by it what is exchanged for one.
fn kind(plain: &str) -> Option<&'static str> {
    if plain.ends_with("ACCESS_TOKEN") {
        Some("token")
    } else if plain.ends_with("REQUEST_TOKEN") || plain.ends_with("API_SESSION") {
        Some("code")
    } else {
        None
    }
}

/// Why there is nothing to hand in.
fn nothing(from: Option<&str>, names: &[&str], ignored: &[Ignored]) -> String {
    if let Some(from) = from {
        // In an environment there are hundreds.
        let listed = if names.len() > 20 { format!("{} other names", names.len()) } else { names.join(", ") };
        return format!(
            "there is no {from}; there are {}",
            if listed.is_empty() { "no names at all" } else { &listed }
        );
    }
    let left: Vec<String> = ignored.iter().map(|Ignored { name, why }| format!("{name} {why}")).collect();
    let left = if left.is_empty() { String::new() } else { format!(". Left: {}", left.join("; ")) };
    format!(
        "there is no token in it: no name ends in ACCESS_TOKEN, SESSION_TOKEN or API_SESSION. If it has another name, say so: --from NAME{left}"
    )
}

/// Why a value cannot be a token.
fn unusable(value: &str) -> Option<&'static str> {
    let value = value.trim();
    let low = value.to_ascii_lowercase();
    if value.is_empty() {
        Some("is empty")
    } else if value.starts_with('<') || PLACEHOLDERS.iter().any(|word| low.starts_with(word)) {
        Some("is what an example has in the place of a token")
    } else if value.contains("${") || value.starts_with('$') {
        Some("refers to another variable; name the one that has the token itself")
    } else if value.chars().any(|char| char.is_control() || char == ' ') {
        Some("has spaces or line breaks in it, which no token has")
    } else {
        None
    }
}

/// Whether an expiry is that of this token: beside it in JSON, and not of another provider in an environment.
fn belongs(expiry: &Entry, token: &Entry) -> bool {
    let of = |entry: &Entry| {
        let plain = entry.plain();
        ["BREEZE", "UPSTOX", "KITE", "ZERODHA"].into_iter().find(|provider| plain.starts_with(provider))
    };
    expiry.parent() == token.parent()
        && (of(expiry).is_none() || of(token).is_none() || of(expiry) == of(token))
}

/// A planned end as a fact, or why it is none.
fn expiry(plain: &str, value: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    const RELATIVE: &str =
        "counts from a moment that is not said; left out, the provider's own rule says when the token ends";
    const NAIVE: &str = "says no time zone, and managers that write such times count 24 h from when they loaded the token, which no provider does; left out, the provider's own rule says when the token ends";
    const UNREADABLE: &str = "is no time that can be read; left out";
    const FAR: &str = "is more than a year away, so its unit is a guess; left out";
    const PAST: &str = "has passed; left out, and the provider is asked whether the token is over";
    if plain.contains("EXPIRES_IN") || plain.contains("EXPIRY_IN") {
        return Err(RELATIVE);
    }
    let value = value.trim();
    let at = if let Some(number) = number(value) {
        Timestamp::from_millis(if number < MILLIS_FROM { number.saturating_mul(1_000) } else { number })
    } else {
        match zoned(value) {
            Some(Zoned::At(at)) => at,
            Some(Zoned::Naive) => return Err(NAIVE),
            None => return Err(UNREADABLE),
        }
    };
    if at <= now {
        Err(PAST)
    } else if now.until(at) > FURTHEST {
        Err(FAR)
    } else {
        Ok(at)
    }
}

/// Whole seconds or milliseconds; what is behind a point is dropped.
fn number(value: &str) -> Option<u64> {
    let (whole, rest) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(rest)).then(|| whole.parse().ok())?
}

enum Zoned {
    At(Timestamp),
    Naive,
}

/// RFC 3339, also as Python writes it: with a space, with a fraction, without a zone.
fn zoned(value: &str) -> Option<Zoned> {
    let (clock, zone) = value.split_at_checked(19)?;
    let plain = date::parse_plain(clock)?;
    let zone = zone
        .strip_prefix('.')
        .map_or(zone, |rest| rest.trim_start_matches(|char: char| char.is_ascii_digit()));
    if zone.trim().is_empty() {
        return Some(Zoned::Naive);
    }
    if matches!(zone.trim(), "Z" | "z" | "UTC") {
        return Some(Zoned::At(plain));
    }
    let east = match zone.as_bytes().first()? {
        b'+' => true,
        b'-' => false,
        _ => return None,
    };
    let digits: String = zone.chars().skip(1).filter(|char| *char != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2).filter(|_| digits.len() == 4)?;
    let seconds = hours
        .parse::<u64>()
        .ok()?
        .checked_mul(3_600)?
        .checked_add(minutes.parse::<u64>().ok()?.checked_mul(60)?)?;
    let offset = Millis::from_secs(seconds);
    Some(Zoned::At(if east { plain.before(offset) } else { plain.after(offset) }))
}

#[cfg(test)]
mod tests {
    use super::super::entry::read;
    use super::*;

    /// 2026-10-02T20:00:00+05:30
    const NOW: Timestamp = Timestamp::from_millis(1_790_951_400_000);

    fn chosen(text: &str) -> Choice {
        choose(&read(text).unwrap(), None, NOW).unwrap()
    }

    fn why(choice: &Choice, name: &str) -> String {
        choice.ignored.iter().find(|left| left.name == name).map(|left| left.why.clone()).unwrap_or_default()
    }

    #[test]
    fn the_token_is_found_under_each_name_that_managers_use() {
        for name in [
            "BREEZE_SESSION_TOKEN",
            "BREEZE_API_SESSION",
            "API_SESSION",
            "BREEZE_SESSION",
            "UPSTOX_ACCESS_TOKEN",
            "KITE_ACCESS_TOKEN",
            "ACCESS_TOKEN",
            "SESSION_TOKEN",
        ] {
            let choice = chosen(&format!("PATH=/bin\n{name}=\" t0k \"\n"));
            assert_eq!(
                (choice.name.as_str(), choice.token.expose().as_str(), choice.others),
                (name, "t0k", 1)
            );
        }
        for json in
            [r#"{"access_token":"t0k"}"#, r#"{"accessToken":"t0k"}"#, r#"{"data":{"session_token":"t0k"}}"#]
        {
            assert_eq!(chosen(json).token.expose(), "t0k");
        }
    }

    #[test]
    fn a_name_says_whether_it_is_a_token_or_what_one_is_had_for_where_that_is_sure() {
        for (name, kind) in [
            ("KITE_ACCESS_TOKEN", Some("token")),
            ("accessToken", Some("token")),
            ("KITE_REQUEST_TOKEN", Some("code")),
            ("BREEZE_API_SESSION", Some("code")),
            ("BREEZE_SESSION_TOKEN", None),
        ] {
            assert_eq!(chosen(&format!("{name}=t0k")).kind, kind, "{name}");
        }
    }

    #[test]
    fn what_is_none_is_left_with_its_reason() {
        let choice = chosen(
            "UPSTOX_ACCESS_TOKEN=t0k\nUPSTOX_API_KEY=k\nUPSTOX_API_SECRET=s\nUPSTOX_REDIRECT_URI=u\nUPSTOX_PIN=1\nUPSTOX_TOTP_SECRET=x\nUPSTOX_REFRESH_TOKEN=r\nUPSTOX_EXTENDED_TOKEN=e\nOLD_ACCESS_TOKEN=\nDEBUG=1",
        );
        assert_eq!(choice.others, 1);
        for (name, said) in [
            ("UPSTOX_API_KEY", "registration"),
            ("UPSTOX_API_SECRET", "SECRET_<NAME>_CLIENT_SECRET"),
            ("UPSTOX_PIN", "no program is to keep it"),
            ("UPSTOX_TOTP_SECRET", "no program is to keep it"),
            ("UPSTOX_REFRESH_TOKEN", "ends both"),
            ("UPSTOX_EXTENDED_TOKEN", "reading only"),
            ("OLD_ACCESS_TOKEN", "is empty"),
        ] {
            assert!(why(&choice, name).contains(said), "{name}: {:?}", why(&choice, name));
        }
        assert_eq!(choice.remove, ["UPSTOX_ACCESS_TOKEN"]);
    }

    #[test]
    fn several_that_differ_are_asked_about_and_the_same_under_two_names_is_one() {
        let two = read("BREEZE_SESSION_TOKEN=canary1\nUPSTOX_ACCESS_TOKEN=canary2").unwrap();
        let error = format!("{:#}", choose(&two, None, NOW).unwrap_err());
        assert!(
            error.contains("BREEZE_SESSION_TOKEN, UPSTOX_ACCESS_TOKEN") && error.contains("--from"),
            "{error}"
        );
        assert!(!error.contains("canary"), "{error}");
        let choice = choose(&two, Some("UPSTOX_ACCESS_TOKEN"), NOW).unwrap();
        assert_eq!((choice.token.expose().as_str(), choice.remove.len()), ("canary2", 1));
        assert!(why(&choice, "BREEZE_SESSION_TOKEN").contains("--from"));
        let same = chosen("API_SESSION=t0k\nBREEZE_API_SESSION=t0k");
        assert_eq!(same.remove, ["API_SESSION", "BREEZE_API_SESSION"]);
    }

    #[test]
    fn a_name_that_says_nothing_can_be_named() {
        let entries = read("MY_THING=t0k").unwrap();
        assert_eq!(choose(&entries, Some("MY_THING"), NOW).unwrap().token.expose(), "t0k");
        let error = |from| format!("{:#}", choose(&entries, from, NOW).unwrap_err());
        assert!(error(None).contains("--from NAME"), "{}", error(None));
        assert!(
            error(Some("OTHER")).contains("there is no OTHER; there are MY_THING"),
            "{}",
            error(Some("OTHER"))
        );
        let empty = read("MY_THING=").unwrap();
        assert!(format!("{:#}", choose(&empty, Some("MY_THING"), NOW).unwrap_err()).contains("is empty"));
    }

    #[test]
    fn what_is_no_token_by_its_value_is_not_handed_in() {
        for value in [
            "",
            "your_token_here",
            "<token>",
            "xxxx",
            "changeme",
            "${OTHER}",
            "$OTHER",
            "two words",
            "\"a\\nb\"",
        ] {
            let entries = read(&format!("ACCESS_TOKEN={value}")).unwrap();
            assert!(choose(&entries, None, NOW).is_err(), "{value:?}");
        }
    }

    #[test]
    fn an_end_is_a_fact_only_where_it_says_one_moment() {
        let end = 1_790_978_400_000;
        let table: [(&str, Result<u64, &str>); 16] = [
            ("1790978400", Ok(end)),
            ("1790978400.123", Ok(end)),
            ("1790978400000", Ok(end)),
            ("2026-10-03T03:30:00+05:30", Ok(end)),
            ("2026-10-03 03:30:00.123456+0530", Ok(end)),
            ("2026-10-02T22:00:00Z", Ok(end)),
            ("2026-10-02T16:00:00-06:00", Ok(end)),
            ("2026-10-03T03:30:00", Err("no time zone")),
            ("2026-10-03 04:30:29.000001", Err("no time zone")),
            ("2026-10-02T13:00:00Z", Err("has passed")),
            ("1790000000", Err("has passed")),
            ("2029-10-02T13:00:00Z", Err("more than a year")),
            ("tomorrow", Err("no time that can be read")),
            ("", Err("no time that can be read")),
            ("2026-13-03T03:30:00Z", Err("no time that can be read")),
            ("2026-10-03T03:30:00+99", Err("no time that can be read")),
        ];
        for (value, expected) in table {
            let choice = chosen(&format!("UPSTOX_ACCESS_TOKEN=t0k\nUPSTOX_TOKEN_EXPIRY='{value}'"));
            match expected {
                Ok(at) => assert_eq!(choice.expires_at, Some(Timestamp::from_millis(at)), "{value}"),
                Err(said) => {
                    assert_eq!(choice.expires_at, None, "{value}");
                    assert!(why(&choice, "UPSTOX_TOKEN_EXPIRY").contains(said), "{value}: {choice:?}");
                }
            }
            assert_eq!(choice.remove, ["UPSTOX_ACCESS_TOKEN", "UPSTOX_TOKEN_EXPIRY"]);
        }
        let relative = chosen(r#"{"access_token":"t0k","expires_in":86400}"#);
        assert!(
            relative.expires_at.is_none() && why(&relative, "expires_in").contains("moment that is not said")
        );
    }

    #[test]
    fn an_end_of_another_token_is_not_this_ones() {
        let text = r#"{"breeze":{"session_token":"t0k"},"upstox":{"expires_at":1790978400}}"#;
        let choice = chosen(text);
        assert_eq!(choice.expires_at, None);
        assert!(why(&choice, "upstox.expires_at").contains("not beside breeze.session_token"));
        let choice = chosen("BREEZE_API_SESSION=t0k\nUPSTOX_TOKEN_EXPIRY=1790978400");
        assert_eq!((choice.expires_at, choice.remove.len()), (None, 1));
        let two = chosen("API_SESSION=t0k\nEXPIRES_AT=1790978400\nTOKEN_EXPIRY=1790978000");
        assert_eq!(two.expires_at, Some(Timestamp::from_millis(1_790_978_400_000)));
        assert!(why(&two, "TOKEN_EXPIRY").contains("another time"));
    }

    #[test]
    fn nothing_prints_the_token() {
        assert!(!format!("{:?}", chosen("ACCESS_TOKEN=canary")).contains("canary"));
    }
}
