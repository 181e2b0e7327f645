//! What another service calls a broker with, through us, and what comes back over a socket.

use everlit_core::secret::Secret;
use everlit_core::time::Timestamp;
use everlit_edge::http1::{self, Answer, Limits, ReadError, Reader};
use everlit_edge::proxy::Method;
use everlit_edge::signed_call::{
    Asked, Outgoing, Place, Scheme, Signer, details, details_key, is_details, place, say, say_to_stranger,
    shown,
};
use everlit_edge::url::Origin;
use proptest::prelude::*;
use serde_json::Value;

use crate::parsers::Fed;

const NOW: Timestamp = Timestamp::from_millis(1_790_951_400_000);
const LIMITS: Limits = Limits { head: 2_048, body: 512 };

fn read(input: &[u8], size: usize) -> Result<Answer, ReadError> {
    let mut reader = Reader::new(false, LIMITS);
    for piece in input.chunks(size) {
        if !matches!(reader.feed(piece), Ok(false)) {
            break;
        }
    }
    reader.finish()
}

/// An answer over a socket: the same however it is cut, never more than the limit, and nothing in it makes a line of its own.
pub(crate) fn socket_answer(input: &[u8]) -> Fed {
    let answer = read(input, input.len().max(1));
    for size in [1, 2, 5] {
        prop_assert_eq!(&read(input, size), &answer, "in pieces of {}", size);
    }
    match answer {
        Ok(Answer { head, body }) => {
            prop_assert!((200..=599).contains(&head.status) && body.len() <= LIMITS.body);
            for (name, value) in &head.headers {
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
                prop_assert!(!value.contains(['\r', '\n', '\0']));
                prop_assert!(head.header(name).is_some());
            }
            Ok("whole")
        }
        Err(ReadError::Cut) => Ok("cut"),
        Err(ReadError::TooLarge) => {
            prop_assert!(
                input.len() > LIMITS.body
                    || input.windows(6).any(|part| part.eq_ignore_ascii_case(b"length"))
            );
            Ok("large")
        }
        Err(error @ ReadError::Malformed(_)) => {
            prop_assert!(!error.reason().is_empty());
            Ok("malformed")
        }
    }
}

/// A call as the corpus writes it: provider, method and target, headers, an empty line, a body.
struct Written<'a> {
    scheme: Scheme,
    method: Method,
    path: &'a str,
    query: Option<&'a str>,
    headers: Vec<(String, &'a str)>,
    body: &'a str,
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let (first, rest) = head.split_once('\n').unwrap_or((head, ""));
        let mut words = first.splitn(3, ' ');
        let scheme = Scheme::of(words.next()?)?;
        let headers = rest.lines().filter_map(|line| line.split_once(": "));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let meant =
            headers.iter().find(|(name, _)| name == "x-http-method-override").map(|(_, value)| *value);
        let method = scheme.method(words.next()?, meant)?;
        let target = words.next()?;
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        Some(Self { scheme, method, path, query, headers, body })
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| (*value).to_owned())
    }
}

/// Whoever calls: the key goes nowhere, nothing that makes or ends a token is called, and what goes out is one request.
pub(crate) fn signed_call(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    let Some(written) = Written::read(&text) else { return Ok("unread") };
    let Ok(key) = shown(written.scheme, |name| written.header(name)) else { return Ok("keyless") };
    prop_assert!(!key.expose().is_empty() && key.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    let asked = Asked {
        method: written.method,
        path: written.path,
        query: written.query,
        headers: written
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Secret::new((*value).to_owned())))
            .collect(),
        body: Some(Secret::new(written.body.as_bytes().to_vec())).filter(|_| !written.body.is_empty()),
        key: Some(&key),
    };
    let where_to = place(written.scheme, written.method, written.path, written.query);
    let checked = match asked.check(written.scheme, None) {
        Ok(checked) => checked,
        Err(refused) => {
            prop_assert!(refused.says().ends_with('.'));
            return Ok("refused");
        }
    };
    prop_assert!(matches!(where_to, Ok(Place::Call | Place::Charts)));
    let as_details = is_details(written.method.as_str(), written.path, written.query);
    prop_assert!(!as_details || written.scheme != Scheme::Breeze, "it would have been answered here");
    let plain = written.path.to_ascii_lowercase();
    prop_assert!(
        written.scheme != Scheme::Upstox || !plain.contains("/logout") || plain.matches('/').count() > 2
    );
    let (secret, token) = (Secret::new("s3cr3t".to_owned()), Secret::new("dG9rZW4".to_owned()));
    let call = checked.outgoing(Signer { client_id: "app", secret: &secret }, &token, NOW);
    let target = call.target.expose();
    prop_assert!(target.starts_with('/') && call.url().expose().starts_with("https://"));
    // A short word is found by chance, and a key of ours has 32 letters at least.
    let holds_key = |text: &str| key.expose().len() >= 16 && text.contains(key.expose().as_str());
    prop_assert!(!holds_key(target));
    for (name, value) in &call.headers {
        prop_assert!(!holds_key(value.expose()), "{name}");
        prop_assert!(
            !["cookie", "host", "connection", "transfer-encoding"].contains(&name.as_str()),
            "{name}"
        );
    }
    if let Some(body) = &call.body {
        prop_assert!(!holds_key(&String::from_utf8_lossy(body.expose())));
    }
    // Over a socket it is one request, or none.
    if let Some(bytes) = call.bytes() {
        let line = format!("{} {target} HTTP/1.1\r\nHost: ", call.method.as_str());
        prop_assert!(bytes.expose().starts_with(line.as_bytes()));
        let end = bytes.expose().windows(4).position(|window| window == b"\r\n\r\n");
        let body = call.body.as_ref().map_or(&[][..], |body| body.expose());
        prop_assert_eq!(end.map(|end| &bytes.expose()[end + 4..]), Some(body));
    }
    Ok("sent")
}

/// Breeze's exchange: what is answered is read by its SDK as the same key.
pub(crate) fn details_body(input: &[u8]) -> Fed {
    let text = String::from_utf8_lossy(input);
    // As host, header and body, whatever it is makes one request or none.
    let origin = Origin::parse("https://broker.example").unwrap();
    let call = Outgoing::new(Method::Get, origin, Secret::new("/a".to_owned()))
        .with(&text, Secret::new("a".to_owned()))
        .with_body(&text, Secret::new(input.to_vec()));
    let other = http1::request(Method::Get, &text, "/a", [("x-a", text.as_ref())], input);
    for bytes in [call.bytes(), other].into_iter().flatten() {
        prop_assert!(bytes.expose().ends_with(input));
        let head = &bytes.expose()[..bytes.expose().len() - input.len()];
        prop_assert_eq!(head.windows(4).filter(|window| window == b"\r\n\r\n").count(), 1);
    }
    // What we say keeps what it says already.
    if let Ok(Value::Object(mut document)) = serde_json::from_slice(input) {
        let title = document.get("title").cloned();
        for scheme in Scheme::ALL {
            say(scheme, &mut document, false);
            prop_assert_eq!(document.get("title").cloned(), title.clone());
        }
        say_to_stranger(&mut document);
        prop_assert_eq!(document.get("title").cloned(), title);
    }
    let Ok(key) = details_key(input) else { return Ok("refused") };
    let Some(answer) = details("AB123456", &key) else { return Ok("cut") };
    let answer: Value = serde_json::from_str(answer.expose()).unwrap();
    let again = serde_json::json!({ "SessionToken": answer["Success"]["session_token"] });
    prop_assert_eq!(details_key(again.to_string().as_bytes()), Ok(key));
    Ok("read")
}
