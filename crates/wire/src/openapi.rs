//! The OpenAPI document: `openapi.json`, without the spaces that make it readable.

const SOURCE: &[u8] = include_bytes!("../openapi.json");

/// The description of every route, method, answer and problem of ours (OpenAPI 3.1).
pub static OPENAPI: &str = match core::str::from_utf8(&COMPACT) {
    Ok(text) => text,
    // Bytes below 128 alone are taken away, and whole.
    Err(_) => "{}",
};

static COMPACT: [u8; LENGTH] = compact::<LENGTH>().0;
const LENGTH: usize = compact::<{ SOURCE.len() }>().1;

/// The document without white space between its tokens, and its length.
const fn compact<const ROOM: usize>() -> ([u8; ROOM], usize) {
    let mut compact = [0; ROOM];
    let mut room: &mut [u8] = &mut compact;
    let mut length = 0;
    let (mut rest, mut in_text, mut is_escaped) = (SOURCE, false, false);
    while let [byte, after @ ..] = rest {
        rest = after;
        if !in_text && byte.is_ascii_whitespace() {
            continue;
        }
        if *byte == b'"' && !is_escaped {
            in_text = !in_text;
        }
        is_escaped = *byte == b'\\' && !is_escaped;
        let [place, left @ ..] = room else { break };
        *place = *byte;
        room = left;
        length += 1;
    }
    (compact, length)
}
