//! TypeScript's side of the numbers, written from Rust's.
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::fmt::Write as _;

use everlit_core::retry::Failure;
use everlit_core::tab::{
    Ailment, Denial, News, Presence, ProviderState, Reason, Refusal, ReloginAnswer, State, Way,
};
use everlit_core::vault::AskReason;
use everlit_web::abi::{self, EffectKind, EventKind, Numbered, PeerKind, SessionKind, TokenKind};
use everlit_web::number;
use everlit_wire::{Code, HEADER_CODE, HEADER_EPOCH, HEADER_VERSION, TokenReason, VERSION};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const WRITTEN: &str = include_str!("../ts/abi.ts");

/// Set `EVERLIT_WRITE=1` to write the file instead of comparing it.
#[test]
fn typescript_has_the_same_numbers() {
    let wanted = typescript();
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var_os("EVERLIT_WRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/ts/abi.ts"), wanted).unwrap();
        return;
    }
    assert!(WRITTEN == wanted, "ts/abi.ts is old: EVERLIT_WRITE=1 cargo test -p everlit-web --test abi");
}

#[test]
fn every_kind_has_the_number_of_its_place() {
    for (index, kind) in EventKind::ALL.iter().enumerate() {
        assert_eq!((kind.number(), EventKind::numbered(index as f64)), (index as f64, Some(*kind)));
    }
    for (index, kind) in EffectKind::ALL.iter().enumerate() {
        assert_eq!(kind.number(), index as f64);
    }
    for (index, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(number!(state), index as f64);
    }
    for (index, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(number!(reason), index as f64);
    }
    for (index, presence) in Presence::ALL.into_iter().enumerate() {
        assert_eq!(number!(presence), index as f64);
    }
    for (index, ailment) in Ailment::ALL.into_iter().enumerate() {
        assert_eq!(number!(ailment), index as f64);
    }
    assert_eq!(ProviderState::ALL, <ProviderState as Numbered>::ALL, "one order");
    in_order::<Refusal>(|refusal| number!(refusal));
    in_order::<AskReason>(|reason| number!(reason));
    in_order::<Failure>(|failure| number!(failure));
    in_order::<Denial>(|denial| number!(denial));
    in_order::<ReloginAnswer>(|answer| number!(answer));
    in_order::<Way>(|way| number!(way));
    in_order::<News>(|news| number!(news));
    in_order::<ProviderState>(|state| number!(state));
}

fn in_order<K: Numbered>(number: impl Fn(K) -> f64) {
    for (index, (kind, name)) in K::ALL.iter().zip(K::NAMES).enumerate() {
        assert_eq!(number(*kind), index as f64, "{name}");
    }
}

#[test]
fn a_number_without_a_kind_has_none() {
    for number in [-1.0, 0.5, EventKind::ALL.len() as f64, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
    {
        assert_eq!(EventKind::numbered(number), None, "{number}");
    }
    assert_eq!(EventKind::numbered(-0.0), Some(EventKind::Opened), "minus zero is zero");
}

fn typescript() -> String {
    let mut text = String::from(
        "// Written from crates/web/src/abi.rs by its test: EVERLIT_WRITE=1 cargo test -p everlit-web --test abi\n",
    );
    constant(
        &mut text,
        "How many numbers say where the machine stands. The rows of the effects follow them.",
        "STANDING",
        abi::STANDING,
    );
    constant(&mut text, "What each row holds: the kind of an effect, then its numbers.", "ROW", abi::ROW);
    constant(
        &mut text,
        "The version of everything that tab and Worker say to each other.",
        "VERSION",
        VERSION,
    );
    constant(
        &mut text,
        "Says the version to the Worker, and that no other site asks.",
        "HEADER_VERSION",
        quoted(HEADER_VERSION),
    );
    constant(
        &mut text,
        "Tells the Worker's own answers from a resource server's.",
        "HEADER_CODE",
        quoted(HEADER_CODE),
    );
    constant(
        &mut text,
        "Says for which login a call is, so that it is not made as another user.",
        "HEADER_EPOCH",
        quoted(HEADER_EPOCH),
    );
    kinds::<EventKind>(&mut text, "What can happen to the machine.", "EventKind");
    kinds::<EffectKind>(&mut text, "What the machine wants done.", "EffectKind");
    kinds::<SessionKind>(&mut text, "How `GET /auth/session` ended.", "SessionKind");
    kinds::<TokenKind>(&mut text, "How `POST /auth/token` ended.", "TokenKind");
    kinds::<PeerKind>(&mut text, "What tabs tell each other.", "PeerKind");
    kinds::<Failure>(&mut text, "What a failed question means.", "Failure");
    kinds::<Denial>(&mut text, "Why the Worker refused a call.", "Denial");
    kinds::<Refusal>(&mut text, "Why a call cannot be made.", "Refusal");
    kinds::<ReloginAnswer>(&mut text, "How a silent re-login ended.", "ReloginAnswer");
    kinds::<Way>(&mut text, "How a silent re-login is made.", "Way");
    kinds::<News>(&mut text, "What the Worker says of its own accord.", "News");
    kinds::<Presence>(&mut text, "Whether the user is there.", "Presence");
    let reasons: Vec<_> = AskReason::ALL.iter().map(|reason| token_reason(*reason)).collect();
    names(&mut text, "Why a token is asked for, as the Worker reads it.", "TOKEN_REASONS", &reasons);
    let states = State::ALL.map(State::as_str);
    names(&mut text, "The states of a session.", "STATES", &states);
    let reasons = Reason::ALL.map(Reason::as_str);
    names(&mut text, "Why a session moved from one state to another.", "REASONS", &reasons);
    let states = ProviderState::ALL.map(ProviderState::as_str);
    names(&mut text, "The states of a provider's grant.", "PROVIDER_STATES", &states);
    let presences = Presence::ALL.map(Presence::as_str);
    names(&mut text, "Whether the user is there.", "PRESENCES", &presences);
    let ailments = Ailment::ALL.map(Ailment::as_str);
    names(&mut text, "What takes away from a session's health, a bit each.", "AILMENTS", &ailments);
    let ways = everlit_wire::Way::ALL.map(everlit_wire::Way::as_str);
    names(&mut text, "The ways of silent re-login, as the Worker names them.", "WAYS", &ways);
    let codes: Vec<_> = Code::ALL.iter().map(|code| quoted(code.as_str())).collect();
    writeln!(text, "\n/** The codes of problem documents. */").unwrap();
    writeln!(text, "export type Code =\n  | {};", codes.join("\n  | ")).unwrap();
    text
}

fn token_reason(asked: AskReason) -> String {
    use TokenReason::{Activity, Deadline, Forced, Resume, Unauthorized};
    let said = [Deadline, Unauthorized, Forced, Resume, Activity]
        .into_iter()
        .find(|reason| AskReason::from(*reason) == asked)
        .unwrap();
    serde_json::to_value(said).unwrap().as_str().unwrap().to_owned()
}

fn constant(text: &mut String, about: &str, name: &str, value: impl std::fmt::Display) {
    write!(text, "\n/** {about} */\nexport const {name} = {value};\n").unwrap();
}

fn kinds<K: Numbered>(text: &mut String, about: &str, name: &str) {
    assert_eq!(K::ALL.len(), K::NAMES.len());
    write!(text, "\n/** {about} */\nexport const enum {name} {{\n").unwrap();
    for (number, kind) in K::NAMES.iter().enumerate() {
        writeln!(text, "  {kind} = {number},").unwrap();
    }
    text.push_str("}\n");
}

fn names(text: &mut String, about: &str, name: &str, all: &[impl AsRef<str>]) {
    write!(text, "\n/** {about} */\nexport const {name} = [\n").unwrap();
    for each in all {
        writeln!(text, "  {},", quoted(each.as_ref())).unwrap();
    }
    text.push_str("] as const;\n");
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
