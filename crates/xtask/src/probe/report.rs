//! What was found, for people, for wrangler.toml and for scripts.

use super::measure::brief;
use super::verdict::{Span, Verdict};
use everlit_edge::provider::{Blast, Depth, Replay};
use serde_json::{Value, json};
use std::time::Duration;

/// Seconds that may be relied on.
fn whole(span: Span) -> Option<u64> {
    match span {
        Span::None => Some(0),
        Span::Between(proved, _) | Span::AtLeast(proved) => Some(proved.as_secs()),
        Span::Unlimited => None,
    }
}

/// As a configuration writes it.
fn duration(seconds: u64) -> String {
    match seconds {
        0 => "none".to_owned(),
        _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

const fn replay(replay: Replay) -> &'static str {
    match replay {
        Replay::Refused => "refused",
        Replay::SamePair => "same_pair",
        Replay::NewSibling => "new_sibling",
        Replay::ActiveToken => "active_token",
    }
}

const fn depth(depth: Depth) -> &'static str {
    match depth {
        Depth::Previous => "previous",
        Depth::Any => "any",
    }
}

const fn blast(blast: Blast) -> &'static str {
    match blast {
        Blast::Token => "token",
        Blast::Family => "family",
        Blast::ClientAndUser => "client_and_user",
    }
}

/// The line for wrangler.toml. What is not known is set to what harms least if it is wrong.
pub(super) fn line(verdict: &Verdict) -> String {
    let known = verdict.replay.filter(|replay| *replay != Replay::Refused);
    // A window is of use only if it is known what for.
    let (window, replay, depth) = match (verdict.window.map(whole), known) {
        (None | Some(Some(0)), _) | (Some(_), None) => ("none".to_owned(), Replay::Refused, Depth::Previous),
        (Some(seconds), Some(replay)) => (
            seconds.map_or_else(|| "unlimited".to_owned(), duration),
            replay,
            verdict.depth.unwrap_or(Depth::Previous),
        ),
    };
    let blast = verdict.blast.unwrap_or(Blast::ClientAndUser);
    format!(
        r#"grace = {{ window = "{window}", replay = "{}", depth = "{}", blast = "{}" }}"#,
        self::replay(replay),
        self::depth(depth),
        self::blast(blast)
    )
}

/// The last line of `--json`.
pub(super) fn json(verdict: &Verdict, grants_spent: u32, stopped: Option<&str>) -> Value {
    let unknown = |word: Option<&'static str>| word.unwrap_or("unknown");
    // Forgiven at once, and nothing more was seen.
    let brief = |span: &Span| matches!(span, Span::AtLeast(proved) if proved.as_secs() == 0);
    let window = verdict.window.filter(|span| !brief(span));
    let seconds = window.and_then(whole);
    let window = match window {
        None => "unknown".to_owned(),
        Some(_) => seconds.map_or_else(|| "unlimited".to_owned(), duration),
    };
    json!({
        "window_s": seconds,
        "replay": unknown(verdict.replay.map(replay)),
        "depth": unknown(verdict.depth.map(depth)),
        "blast": unknown(verdict.blast.map(blast)),
        "grants_spent": grants_spent,
        "window": window,
        "window_refused_s": match verdict.window {
            Some(Span::Between(_, over)) => Some(over.as_secs_f64()),
            Some(Span::None | Span::AtLeast(_) | Span::Unlimited) | None => None,
        },
        "grace": line(verdict),
        "stopped": stopped,
    })
}

/// What was found, a sentence each.
pub(super) fn sentences(verdict: &Verdict, longest: Duration) -> Vec<String> {
    let mut all = vec![match verdict.window {
        None => "Window: unknown. It is taken for none.".to_owned(),
        Some(Span::None) => "Window: none. A refresh token that is presented again at once is refused.".to_owned(),
        Some(Span::Between(proved, over)) => {
            format!("Window: forgiven after {}, refused after {}.", brief(proved), brief(over))
        }
        Some(Span::AtLeast(proved)) if proved >= longest => format!(
            "Window: still forgiven after {}, the longest time that was tried. If the server's manual knows no end, write \
             \"unlimited\".",
            brief(proved)
        ),
        Some(Span::AtLeast(proved)) => format!("Window: forgiven after {}; its end was not reached.", brief(proved)),
        Some(Span::Unlimited) => "Window: unlimited, as the server did not rotate the refresh token. Some rotate only a \
                                  token that is old: if this one's manual says so, write what it says instead."
            .to_owned(),
    }];
    all.push(
        match verdict.replay {
            None => "Replay: unknown. It is taken for refused.",
            Some(Replay::Refused) => "Replay: refused.",
            Some(Replay::SamePair) => "Replay: the same pair of tokens as the first time.",
            Some(Replay::NewSibling) => "Replay: a further refresh token.",
            Some(Replay::ActiveToken) => "Replay: the active refresh token, with a new access token.",
        }
        .to_owned(),
    );
    all.push(
        match verdict.depth {
            None => "Depth: unknown. It is taken for the previous refresh token only.",
            Some(Depth::Previous) => "Depth: the previous refresh token only.",
            Some(Depth::Any) => "Depth: older refresh tokens too.",
        }
        .to_owned(),
    );
    all.push(match verdict.blast {
        None => "Blast: unknown, as no replay was refused while a second grant of the user was there to look at. It is taken \
                 for every grant of the user: then no refresh token is ever presented again past its window. If you know \
                 better from the server's manual, write that.",
        Some(Blast::Token) => "Blast: a replay that is refused ends nothing else.",
        Some(Blast::Family) => "Blast: a replay that is refused ends its grant, and no other one of the user.",
        Some(Blast::ClientAndUser) => "Blast: a replay that is refused ended another grant of the same user as well. Should \
                                       both logins have been made in one browser session, look again with separate ones: \
                                       some servers make one grant of them.",
    }.to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use everlit_edge::config::{Config, Variables};
    use everlit_edge::provider::{GraceProfile, Window};

    const SECOND: Duration = Duration::from_secs(1);
    const STRICT: Verdict = Verdict {
        window: Some(Span::None),
        replay: Some(Replay::Refused),
        depth: Some(Depth::Previous),
        blast: Some(Blast::Family),
    };
    const UNKNOWN: Verdict = Verdict { window: None, replay: None, depth: None, blast: None };

    fn between(seconds: f64) -> Verdict {
        let (proved, over) = (Duration::from_secs_f64(seconds), Duration::from_secs_f64(seconds + 1.0));
        Verdict { window: Some(Span::Between(proved, over)), replay: Some(Replay::SamePair), ..STRICT }
    }

    #[test]
    fn the_line_is_what_the_configuration_takes() {
        for (verdict, said) in [
            (STRICT, r#"window = "none", replay = "refused", depth = "previous", blast = "family""#),
            (between(9.03), r#"window = "9s", replay = "same_pair", depth = "previous", blast = "family""#),
            (between(60.0), r#"window = "1m", replay = "same_pair", depth = "previous", blast = "family""#),
            // Less than a second is nothing that could be used.
            (between(0.7), r#"window = "none", replay = "refused", depth = "previous", blast = "family""#),
            (
                UNKNOWN,
                r#"window = "none", replay = "refused", depth = "previous", blast = "client_and_user""#,
            ),
        ] {
            assert_eq!(line(&verdict), format!("grace = {{ {said} }}"));
        }
        let unlimited = Verdict {
            window: Some(Span::Unlimited),
            replay: Some(Replay::ActiveToken),
            depth: Some(Depth::Any),
            blast: None,
        };
        assert!(
            line(&unlimited)
                .starts_with(r#"grace = { window = "unlimited", replay = "active_token", depth = "any""#)
        );
    }

    /// What the Worker reads from it.
    fn read(line: &str) -> GraceProfile {
        let table: toml::Table = format!(
            "ORIGINS = [\"https://app.example\"]\n[PROVIDER_X]\nkind = \"oidc\"\nissuer = \"https://as.example\"\n\
             client_id = \"x\"\n{line}"
        )
        .parse()
        .unwrap();
        let mut variables = Variables::new().secret("SECRET_SESSION_KEY").secret("SECRET_X_CLIENT_SECRET");
        for (name, value) in &table {
            variables = variables.json(name, serde_json::to_value(value).unwrap());
        }
        Config::parse(&variables).unwrap().login_provider().provider.grace()
    }

    #[test]
    fn the_worker_understands_every_line() {
        let spans =
            [Span::None, Span::Between(SECOND, SECOND * 2), Span::AtLeast(SECOND * 3_600), Span::Unlimited];
        let replays = [Replay::Refused, Replay::SamePair, Replay::NewSibling, Replay::ActiveToken];
        for window in spans.map(Some).into_iter().chain([None]) {
            for replay in replays.map(Some).into_iter().chain([None]) {
                for depth in [Some(Depth::Previous), Some(Depth::Any), None] {
                    for blast in [Some(Blast::Token), Some(Blast::Family), Some(Blast::ClientAndUser), None] {
                        let verdict = Verdict { window, replay, depth, blast };
                        let profile = read(&line(&verdict));
                        assert_eq!(profile.blast, blast.unwrap_or(Blast::ClientAndUser), "{verdict:?}");
                        let forgives = window.is_some_and(|span| whole(span) != Some(0))
                            && replay.is_some_and(|replay| replay != Replay::Refused);
                        assert_eq!(profile.window != Window::None, forgives, "{verdict:?}");
                    }
                }
            }
        }
        let profile = read(&line(&between(9.5)));
        assert!(matches!(profile.window, Window::For(time) if time.as_millis() == 9_000));
    }

    #[test]
    fn unknown_stays_unknown_in_json() {
        let said = json(&UNKNOWN, 1, Some("503"));
        for name in ["replay", "depth", "blast", "window"] {
            assert_eq!(said[name], "unknown", "{name}");
        }
        assert_eq!((&said["window_s"], &said["grants_spent"]), (&Value::Null, &json!(1)));
        let said = json(&STRICT, 2, None);
        assert_eq!((&said["window_s"], &said["window"]), (&json!(0), &json!("none")));
        assert_eq!(said["stopped"], Value::Null);
    }

    #[test]
    fn every_sentence_says_what_is_assumed() {
        let said = sentences(&UNKNOWN, Duration::from_secs(300));
        assert_eq!(said.len(), 4);
        assert!(said.iter().all(|sentence| sentence.contains("taken for")), "{said:?}");
    }
}
