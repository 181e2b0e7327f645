//! Every parser that meets the network, its corpus, and what must hold of anything it is fed.
//!
//! A *feed* gives one input to one parser, checks what must hold, and says in a word what became of it. Each parser has a
//! folder `tests/corpus/<parser>` of inputs, real-looking, cut and hostile, whose names begin with that word. They are run as
//! they are, and mutated. What a run finds goes into the corpus; the seed of the run goes into `regressions.txt` by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::inputs::{body, settings, text};
use crate::{
    alerts, from_brokers, from_browsers, from_callers, from_ourselves, from_providers, from_services,
};

/// What became of an input, or what should not have.
pub(crate) type Fed = Result<&'static str, TestCaseError>;

/// One parser.
struct Parser {
    name: &'static str,
    /// The functions that it stands for, as `file::function`.
    covers: &'static [&'static str],
    feed: fn(&[u8]) -> Fed,
}

macro_rules! parsers {
    ($($module:ident::$name:ident covers [$($covers:literal),+];)+) => {
        const PARSERS: &[Parser] = &[$(
            Parser { name: stringify!($name), covers: &[$($covers),+], feed: $module::$name },
        )+];
        $(#[test]
        fn $name() {
            run(stringify!($name));
        })+
    };
}

parsers! {
    from_providers::token_answer covers ["oauth/answer.rs::classify", "oauth/answer.rs::classify_as", "oauth/dpop.rs::wants_nonce"];
    from_providers::revocation_answer covers ["oauth/revocation.rs::classify"];
    from_providers::pushed_answer covers ["oauth/pushed.rs::read"];
    from_providers::expires_in covers ["oauth/expires_in.rs::parse_expires_in"];
    from_providers::retry_after covers ["oauth/retry_after.rs::parse_retry_after", "date.rs::parse_http_date"];
    from_providers::id_token covers ["oidc/id_token.rs::parse_id_token", "oidc/algorithm.rs::parse"];
    from_providers::logout_token covers ["oidc/logout_token.rs::parse_logout_token"];
    from_providers::jwks covers ["oidc/jwks.rs::parse"];
    from_providers::metadata covers ["oidc/metadata.rs::parse", "oidc/metadata.rs::discovery_url"];
    from_providers::challenge covers ["proxy/challenge.rs::is_access_expired", "proxy/challenge.rs::is_bearer_only", "proxy/challenge.rs::is_nonce_wanted"];
    from_providers::location covers ["proxy/location.rs::rewrite_location"];
    from_brokers::broker_answer covers [
        "provider/breeze/refusal.rs::classify", "provider/breeze/exchange.rs::read", "provider/kite/refusal.rs::classify",
        "provider/kite/session.rs::read", "provider/supabase/refusal.rs::classify", "provider/supabase/refresh.rs::read",
        "provider/supabase/refresh.rs::judged", "provider/supabase/login.rs::ended",
        "provider/upstox/refusal.rs::classify", "provider/upstox/account.rs::read", "provider/upstox/account.rs::logged_out",
        "provider/upstox/approval.rs::read", "provider/upstox/tokens.rs::read", "provider/openid.rs::classify"
    ];
    from_brokers::broker_notice covers ["provider/upstox/notice.rs::read"];
    from_brokers::broker_login covers [
        "provider/breeze/login.rs::login_url", "provider/breeze/login.rs::from_query", "provider/breeze/login.rs::from_pasted",
        "provider/breeze/exchange.rs::body", "provider/breeze/exchange.rs::request", "provider/kite/login.rs::login_url",
        "provider/kite/login.rs::from_query", "provider/kite/login.rs::from_pasted", "provider/pasted.rs::pasted_token",
        "provider/upstox/approval.rs::path", "provider/mod.rs::described", "provider/supabase/login.rs::with_password",
        "provider/supabase/login.rs::with_code", "provider/supabase/login.rs::mail_code", "provider/supabase/login.rs::mail_link",
        "provider/supabase/login.rs::authorization_url", "provider/supabase/login.rs::metadata", "provider/supabase/login.rs::from_name",
        "oauth/client_request.rs::json"
    ];
    from_brokers::session_token covers [
        "provider/breeze/exchange.rs::decode", "provider/breeze/request.rs::bytes", "provider/breeze/signature.rs::checksum",
        "provider/breeze/signature.rs::headers", "provider/breeze/signature.rs::unsigned_headers"
    ];
    from_brokers::stated_end covers [
        "provider/stated.rs::read", "provider/stated.rs::moment", "provider/stated.rs::jwt_expiry", "date.rs::parse_plain"
    ];
    alerts::alert_answer covers ["alert/answer.rs::judge"];
    alerts::alert_secret covers [
        "alert/receiver.rs::is_api_key", "alert/signing_key.rs::parse", "config/alert.rs::receiver"
    ];
    alerts::alert_name covers ["config/alert.rs::wants"];
    from_services::service_answer covers [
        "service/account.rs::exchanged", "service/account.rs::renewed", "service/account.rs::validated", "service/account.rs::person_asked",
        "service/account.rs::is_expected", "service/revocation.rs::revoked"
    ];
    from_services::service_hand covers [
        "service/hand.rs::handed", "config/services/mod.rs::service", "config/services/mod.rs::is_variable_name",
        "date.rs::parse_day"
    ];
    from_services::service_row covers ["service/row.rs::decode"];
    from_callers::socket_answer covers ["http1/reader.rs::feed", "http1/head.rs::header"];
    from_callers::signed_call covers [
        "signed_call/path.rs::place", "signed_call/path.rs::is_details", "signed_call/scheme.rs::of", "signed_call/scheme.rs::method", "signed_call/shown.rs::shown"
    ];
    from_callers::details_body covers [
        "http1/request.rs::request", "signed_call/outgoing.rs::with", "signed_call/outgoing.rs::with_body",
        "signed_call/details.rs::details_key", "signed_call/details.rs::details", "signed_call/own_words.rs::say",
        "signed_call/own_words.rs::say_to_stranger"
    ];
    from_ourselves::statement covers ["people.rs::parse"];
    from_browsers::authorization_response covers [
        "oauth/authorization_response.rs::parse", "oauth/transaction.rs::parse", "posted.rs::query_of", "posted.rs::seal"
    ];
    from_browsers::logout_response covers ["end_session.rs::parse_response", "html.rs::posting"];
    from_browsers::query covers [
        "query.rs::parse", "query.rs::one", "query.rs::decode", "query.rs::encode", "query.rs::encode_pairs"
    ];
    from_browsers::cookies covers [
        "cookie/header.rs::find", "cookie/header.rs::without", "cookie/key.rs::session", "cookie/key.rs::binding", "posted.rs::open"
    ];
    from_browsers::provenance covers [
        "cross_site.rs::check", "cross_site.rs::check_handshake", "cross_site.rs::check_navigation", "cross_site.rs::is_led_by_us", "cross_site.rs::reader",
        "config/origins.rs::contains", "config/origins.rs::app", "prefetch.rs::is_prefetch"
    ];
    from_browsers::device covers ["device.rs::label"];
    from_browsers::session_handle covers ["index.rs::parse_handle"];
    from_browsers::silent covers ["silent.rs::parse", "silent.rs::from_name", "silent.rs::restored"];
    from_browsers::address covers ["gate.rs::of"];
    from_browsers::host covers ["config/origins.rs::instead_of"];
    from_browsers::return_to covers ["return_to.rs::parse", "return_to.rs::parse_among", "html.rs::escape", "html.rs::login_path", "html.rs::service_login"];
    from_browsers::call covers [
        "proxy/path.rs::destination", "proxy/path.rs::meant", "proxy/path.rs::service", "people.rs::of", "proxy/method.rs::parse", "config/mod.rs::upstream", "config/mod.rs::provider",
        "config/mod.rs::login_provider_named", "config/mod.rs::linked_provider_named"
    ];
    from_browsers::headers covers ["proxy/headers.rs::new", "proxy/headers.rs::keeps"];
    from_browsers::url covers ["url.rs::parse"];
    from_ourselves::internal_request covers ["internal.rs::verify", "internal.rs::sign"];
    from_ourselves::sealed covers [
        "seal.rs::open", "seal.rs::is_stale", "seal/data_key.rs::unwrap", "seal/data_key.rs::is_stale"
    ];
    from_ourselves::kept_answer covers ["oauth/kept_answer.rs::decode", "oauth/kept_answer.rs::open"];
    from_ourselves::restored covers [
        "cookie/opaque_id.rs::restored", "oauth/transaction.rs::restored", "oidc/nonce.rs::restored",
        "base64url.rs::decode", "base64url.rs::decode_array", "base64url.rs::encode"
    ];
    from_ourselves::session_key covers ["keys.rs::parse", "keys.rs::version_of", "keys.rs::is_near_miss"];
    from_ourselves::dpop_key covers ["oauth/dpop.rs::parse"];
    from_ourselves::client_key covers ["oauth/client_key.rs::parse"];
    from_ourselves::configuration covers [
        "config/variables.rs::json", "config/variables.rs::text", "config/variables.rs::is_variable_name",
        "config/variables.rs::is_secret_name", "config/duration.rs::parse_duration", "provider/servers.rs::named"
    ];
}

/// Public functions that take text or bytes which nobody else can choose.
const NOT_PARSERS: [&str; 18] = [
    "base64url.rs::constant_time_eq",
    "config/error.rs::secret",
    "config/services/caller.rs::may_use",
    "config/variables.rs::secret",
    "index.rs::shelves",
    "jws.rs::signed_by",
    "keys.rs::derive",
    "oauth/client_assertion.rs::client_assertion",
    "oauth/client_request.rs::authorization_code",
    "oauth/client_request.rs::client_credentials",
    "seal.rs::associated_data",
    "service/hand.rs::fingerprint",
    "service/person.rs::status",
    "service/person.rs::times",
    "seal.rs::new",
    "seal.rs::seal",
    "seal.rs::with_data_key",
    "seal/data_key.rs::wrap",
];

fn parser(name: &str) -> &'static Parser {
    PARSERS.iter().find(|parser| parser.name == name).unwrap()
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One input. An editor ends a file with a new line, which is none of it; bytes that are no text are written in hexadecimal.
fn input(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    if path.extension().is_some_and(|extension| extension == "hex") {
        let hex = String::from_utf8(bytes).unwrap().replace('\n', "");
        return (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect();
    }
    bytes
}

/// Runs the corpus of one parser as it is, then mutated and mixed with what has nothing to do with it.
fn run(name: &str) {
    let Parser { feed, .. } = parser(name);
    let folder = corpus().join(name);
    let mut seeds = Vec::new();
    for file in names(&folder) {
        let seed = input(&folder.join(&file));
        match feed(&seed) {
            Ok(word) => {
                assert!(file.starts_with(&format!("{word}-")), "corpus/{name}/{file} became {word}")
            }
            Err(error) => panic!("corpus/{name}/{file}: {error}"),
        }
        seeds.push(seed);
    }
    let words: BTreeSet<String> =
        names(&folder).iter().filter_map(|file| Some(file.split_once('-')?.0.to_owned())).collect();
    assert!(seeds.len() >= 3 && words.len() >= 2, "corpus/{name} shows too little: {words:?}");
    TestRunner::new(settings())
        .run(&mutated(seeds), |input| match feed(&input) {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(TestCaseError::fail(format!("{error}; keep it: {}", String::from_utf8_lossy(&input))))
            }
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
}

/// One change of an input.
#[derive(Clone, Debug)]
enum Change {
    Cut(prop::sample::Index),
    Drop(prop::sample::Index, usize),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    /// The rest of it is that of another seed.
    Splice(prop::sample::Index, prop::sample::Index),
    Twice,
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    let piece = prop_oneof![text().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 1..4)];
    prop_oneof![
        at().prop_map(Change::Cut),
        (at(), 1_usize..12).prop_map(|(at, length)| Change::Drop(at, length)),
        (at(), 1_u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        (at(), piece).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (at(), at()).prop_map(|(at, other)| Change::Splice(at, other)),
        Just(Change::Twice),
    ]
}

fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let all = seeds.clone();
    let near = (prop::sample::select(seeds), prop::collection::vec(change(), 0..4));
    let near = near.prop_map(move |(mut input, changes)| {
        for change in changes {
            let at = |index: prop::sample::Index| index.index(input.len() + 1);
            match change {
                Change::Cut(index) => input.truncate(at(index)),
                Change::Drop(index, length) => {
                    let from = at(index);
                    let to = (from + length).min(input.len());
                    input.drain(from..to);
                }
                Change::Flip(index, bits) => {
                    let at = at(index);
                    if let Some(byte) = input.get_mut(at) {
                        *byte ^= bits;
                    }
                }
                Change::Insert(index, piece) => {
                    let at = at(index);
                    input.splice(at..at, piece);
                }
                Change::Splice(index, other) => {
                    let other = &all[other.index(all.len())];
                    let at = at(index);
                    input.truncate(at);
                    input.extend(other.iter().skip(at));
                }
                Change::Twice => input.extend_from_within(..),
            }
        }
        input
    });
    prop_oneof![4 => near, 1 => body(), 1 => text().prop_map(String::into_bytes)]
}

#[test]
fn every_folder_of_the_corpus_has_its_parser() {
    let mut expected: Vec<String> = PARSERS.iter().map(|parser| parser.name.to_owned()).collect();
    expected.sort();
    assert_eq!(names(&corpus()), expected);
}

/// Public functions of the crate that take text, bytes, JSON or an answer.
fn readers(folder: &Path, within: &str, found: &mut BTreeSet<String>) {
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            readers(&path, &format!("{within}{name}/"), found);
            continue;
        }
        if name.ends_with("tests.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap();
        for part in source.split("pub fn ").chain(source.split("pub const fn ")).skip(1) {
            let Some((function, rest)) = part.split_once(['(', '<']) else { continue };
            let signature = rest.split('{').next().unwrap();
            let takes = signature.split("->").next().unwrap().replace("&'static str", "");
            let kinds = ["str", "[u8]", "HttpAnswer", "Value", "Provenance", "IntoIterator<Item"];
            let plain = function.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if plain && kinds.iter().any(|kind| takes.contains(kind)) {
                found.insert(format!("{within}{name}::{function}"));
            }
        }
    }
}

#[test]
fn no_parser_is_forgotten() {
    let mut found = BTreeSet::new();
    readers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    let known: BTreeSet<String> = PARSERS
        .iter()
        .flat_map(|parser| parser.covers)
        .chain(&NOT_PARSERS)
        .map(|name| (*name).to_owned())
        .collect();
    let forgotten: Vec<_> = found.difference(&known).collect();
    assert!(forgotten.is_empty(), "no parser of the table feeds {forgotten:?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "the table names what is not there: {gone:?}");
}
