//! What comes back to us: from the other half of the Worker, from storage, from the operator.

use everlit_core::id::RequestId;
use everlit_core::time::Timestamp;
use everlit_edge::base64url;
use everlit_edge::config::services::ServicesConfig;
use everlit_edge::config::{Config, Variables, parse_duration};
use everlit_edge::cookie::{BindingId, SessionId};
use everlit_edge::internal::{self, InternalError, InternalKeys, ROTATE};
use everlit_edge::keys::{self, Keyring, MasterKey};
use everlit_edge::oauth::{ClientKey, CodeVerifier, DpopKey, DpopNonce, KeptAnswer, State};
use everlit_edge::oidc::{Algorithm, Nonce};
use everlit_edge::people::Statement;
use everlit_edge::provider::servers;
use everlit_edge::seal::{DataKey, SealError, Sealer};
use everlit_edge::url::Origin;
use proptest::prelude::*;

use crate::parsers::Fed;

fn ring(versions: &[u8]) -> Keyring {
    let mut keys = versions.iter().map(|version| MasterKey::new(*version, [*version; 32]));
    let ring = Keyring::new(keys.next().unwrap());
    keys.fold(ring, Keyring::with_older)
}

/// The header of an internal request, a line, its body: only what we signed, as we wrote it, in its time.
pub(crate) fn internal_request(input: &[u8]) -> Fed {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let origin = Origin::parse("https://app.example").unwrap();
    let keys = InternalKeys::new(&ring(&[2, 1]), &origin);
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let header = String::from_utf8_lossy(&input[..end]);
    let body = input.get(end + 1..).unwrap_or_default();
    prop_assert!(keys.verify("/auth/token", &header, body, now).is_err());
    prop_assert!(InternalKeys::new(&ring(&[9]), &origin).verify(ROTATE, &header, body, now).is_err());
    match keys.verify(ROTATE, &header, body, now) {
        Ok(proved) => {
            let RequestId(request) = proved.request;
            let written = [2, 1].map(|version| {
                let keys = InternalKeys::new(&ring(&[version]), &origin);
                keys.sign(ROTATE, RequestId(request), proved.deadline, body)
            });
            prop_assert!(written.iter().any(|written| *written == header), "there is one way to write it");
            prop_assert!(now < proved.deadline && now.until(proved.deadline) <= internal::FURTHEST);
            Ok("proved")
        }
        Err(InternalError::Malformed) => Ok("malformed"),
        Err(InternalError::Forged) => Ok("forged"),
        Err(InternalError::Late) => Ok("late"),
        Err(InternalError::Early) => Ok("early"),
    }
}

/// What one Worker says to the other of a user: whole and of this version, or nobody; and an operator only letter by letter.
pub(crate) fn statement(input: &[u8]) -> Fed {
    let _as_it_is = Statement::parse(&String::from_utf8_lossy(input));
    let Some(user) = Statement::parse(&base64url::encode(input)) else { return Ok("nobody") };
    prop_assert!(!user.sub.is_empty() && !user.provider.is_empty() && input.len() <= 8 * 1_024);
    let again = Statement::parse(&user.encode());
    prop_assert_eq!(again.as_ref(), Some(&user));
    let config = ServicesConfig::parse(
        &Variables::new()
            .text("ORIGINS", r#"["https://app.example"]"#)
            .text(
                "SERVICE_KITE",
                r#"{"provider": "kite", "client_id": "a", "account": "AB1234", "users": {"claim": "email", "values": ["ada@example.com"]},
                    "operators": {"claim": "sub", "values": ["ada"]}}"#,
            )
            .secret("SECRET_SESSION_KEY")
            .secret("SECRET_KITE_CLIENT_SECRET"),
    )
    .unwrap();
    let service = config.service("kite").unwrap();
    prop_assert_eq!(service.is_operator(&user), user.sub == "ada");
    let is_user = user.email.as_deref() == Some("ada@example.com");
    prop_assert_eq!(service.may_use(&user), is_user || user.sub == "ada");
    Ok(if service.is_operator(&user) {
        "operator"
    } else if is_user {
        "user"
    } else {
        "stranger"
    })
}

/// A sealed value or a wrapped key: only what we sealed, bit by bit, and a key to come is not taken for one that is gone.
pub(crate) fn sealed(input: &[u8]) -> Fed {
    let keyring = ring(&[3, 1]);
    let nonce = || input.get(1..25).and_then(|nonce| nonce.try_into().ok()).unwrap_or([0; 24]);
    if let Ok(key) = DataKey::unwrap(&keyring, "object-1", input) {
        let again = key.wrap(&ring(&[input[0]]), nonce(), "object-1");
        prop_assert_eq!(again.as_deref().ok(), Some(input));
        prop_assert!(DataKey::unwrap(&keyring, "object-2", input).is_err());
        return Ok(if DataKey::is_stale(&keyring, input) { "stale" } else { "key" });
    }
    let sealer = Sealer::new(&keyring, "token", "object-1");
    match sealer.open(b"place", input) {
        Ok(value) => {
            let again =
                Sealer::new(&ring(&[input[0]]), "token", "object-1").seal(nonce(), b"place", value.expose());
            prop_assert_eq!(again.as_deref().ok(), Some(input));
            prop_assert!(sealer.open(b"elsewhere", input).is_err());
            prop_assert_eq!(sealer.is_stale(input), input[0] == 1);
            Ok("value")
        }
        Err(SealError::TooShort) => {
            prop_assert!(input.len() < 41);
            Ok("short")
        }
        Err(SealError::KeyAhead) => {
            prop_assert!(input[0] > 3 && !sealer.is_stale(input));
            Ok("ahead")
        }
        Err(SealError::KeyRetired) => {
            prop_assert_eq!(input[0], 2);
            Ok("retired")
        }
        Err(SealError::Refused) => Ok("refused"),
    }
}

/// An answer from the escrow: what was read is what was written.
pub(crate) fn kept_answer(input: &[u8]) -> Fed {
    let sealer = Sealer::new(&ring(&[1]), "escrow", "object-1");
    let sealed = sealer.seal([0; 24], b"place", input).unwrap();
    prop_assert_eq!(KeptAnswer::open(&sealer, b"place", &sealed), KeptAnswer::decode(input));
    prop_assert!(KeptAnswer::open(&sealer, b"elsewhere", &sealed).is_err());
    prop_assert!(KeptAnswer::open(&sealer, b"place", input).is_err(), "what nobody sealed opens nowhere");
    let Ok(kept) = KeptAnswer::decode(input) else { return Ok("refused") };
    prop_assert_eq!(KeptAnswer::decode(kept.encode().expose()), Ok(kept.clone()));
    prop_assert_eq!(kept.clone().at(kept.received_at), kept.answer.clone());
    prop_assert_eq!(kept.clone().at(Timestamp::from_millis(0)), kept.answer);
    Ok("read")
}

/// An id, a state, a nonce or a verifier from our own storage: the text of as many random bytes, and no other.
pub(crate) fn restored(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let bytes = base64url::decode(&text);
    if let Some(bytes) = &bytes {
        prop_assert_eq!(base64url::encode(bytes), &*text);
    }
    let length = bytes.map(|bytes| bytes.len());
    prop_assert_eq!(base64url::decode_array::<32>(&text).is_some(), length == Some(32));
    let id = SessionId::restored(&text);
    prop_assert_eq!(id.is_some(), length == Some(18));
    prop_assert!(id.is_none_or(|id| id.as_str() == text));
    prop_assert_eq!(BindingId::restored(&text).is_some(), length == Some(18));
    for there in [
        State::parse(&text).is_some(),
        Nonce::restored(&text).is_some(),
        CodeVerifier::restored(&text).is_some(),
    ] {
        prop_assert_eq!(there, length == Some(32));
    }
    Ok(match length {
        Some(18) => "id",
        Some(32) => "secret",
        Some(_) | None => "refused",
    })
}

/// The name and the text of a secret, a line each: a key of one version, or an error that does not show it.
pub(crate) fn session_key(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let (name, value) = text.split_once('\n').unwrap_or((&text, ""));
    let version = keys::version_of(name);
    prop_assert!(!(version.is_some() && keys::is_near_miss(name)));
    if let Some(version) = version {
        prop_assert_eq!(keys::secret_name(version), Some(name.to_owned()));
    }
    match Keyring::parse([(name, value)]) {
        Ok(ring) => {
            prop_assert_eq!(Some(ring.current().version()), version);
            prop_assert!(MasterKey::parse(ring.newest(), value).is_ok());
            Ok("key")
        }
        Err(error) => {
            // What it says does not depend on what was refused.
            prop_assert_eq!(Keyring::parse([(name, "?")]).err(), Some(error));
            Ok("refused")
        }
    }
}

/// A session's key as it was kept, or a nonce of a server: what is read is written the same.
pub(crate) fn dpop_key(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    if let Some(nonce) = DpopNonce::parse(&text) {
        prop_assert_eq!(nonce.as_str(), &*text);
        prop_assert!(text.len() <= 1_024 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'));
    }
    let Some(key) = DpopKey::parse(&text) else { return Ok("refused") };
    prop_assert_eq!(base64url::decode(&key.thumbprint()).map(|digest| digest.len()), Some(32));
    prop_assert_eq!(DpopKey::parse(key.private_json().expose()), Some(key));
    Ok("key")
}

/// The secret that holds a client's private key: a key, or an error that does not show it.
pub(crate) fn client_key(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    match ClientKey::parse("SECRET_DEMO_CLIENT_KEY", &text) {
        Ok(key) => {
            prop_assert!((1..=256).contains(&key.kid().len()));
            prop_assert_eq!(Algorithm::parse(key.alg()), Some(key.algorithm()));
            let kept: serde_json::Value = serde_json::from_str(key.private_json().expose()).unwrap();
            // Of what is in the secret beside the key nothing reaches WebCrypto.
            prop_assert!(
                kept.as_object().is_some_and(|members| members.len() <= 9 && !members.contains_key("kid"))
            );
            prop_assert!(kept["d"].as_str().is_some_and(|d| !d.is_empty()));
            Ok("key")
        }
        Err(error) => {
            prop_assert_eq!(error.variable.as_str(), "SECRET_DEMO_CLIENT_KEY");
            prop_assert!(!error.to_string().contains("canary"));
            Ok("refused")
        }
    }
}

/// The variables of a deployment as one JSON object: a configuration, or errors that say what to do and show no value.
pub(crate) fn configuration(input: &[u8]) -> Fed {
    let mut variables = Variables::new().secret("SECRET_SESSION_KEY_2").secret("SECRET_DEMO_CLIENT_SECRET");
    let text = String::from_utf8_lossy(input);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    for (name, value) in document.as_object().into_iter().flatten() {
        prop_assert!(!(Variables::is_secret_name(name) && Variables::is_variable_name(name)));
        variables = match value.as_str() {
            Some(text) => variables.text(name, text),
            None => variables.json(name, value.clone()),
        };
    }
    if let Some(length) = parse_duration(&text) {
        prop_assert!(length.as_millis() >= 1_000 && text.len() <= 6);
    }
    prop_assert!(servers::named(&text).is_none_or(|server| server.name == text));
    match Config::parse(&variables) {
        Ok(config) => {
            prop_assert!(config.limits.idle <= config.limits.absolute);
            prop_assert!(config.origins.iter().all(Origin::is_trustworthy));
            prop_assert!(config.provider(&config.login_provider().name).is_some());
            Ok("accepted")
        }
        Err(errors) => {
            prop_assert!(!errors.is_empty());
            for error in errors {
                prop_assert!(!error.variable.is_empty() && error.to_string().contains("expected"));
                let shown = format!("{error:?}");
                prop_assert!(!shown.contains("canary"));
            }
            Ok("refused")
        }
    }
}
