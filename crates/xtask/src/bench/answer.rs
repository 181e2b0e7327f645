//! As much of an HTTP/1.1 answer as tells where it ends.

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// An answer and nothing missing of it.
    Whole {
        /// The HTTP status.
        status: u16,
        /// How many of the bytes it is.
        length: usize,
    },
    /// Its beginning.
    Unfinished,
    /// Something else.
    Broken,
}

/// Looks for the end.
pub(super) fn parse(bytes: &[u8]) -> Part {
    let Some(head_length) = find(bytes, b"\r\n\r\n").map(|at| at + 4) else { return Part::Unfinished };
    let (head, rest) = bytes.split_at(head_length);
    let Some(status) = status(head) else { return Part::Broken };
    let whole = |body: usize| Part::Whole { status, length: head_length + body };
    if matches!(status, 204 | 304) {
        return whole(0);
    }
    if let Some(length) = header(head, "content-length") {
        return match length.parse() {
            Ok(length) if rest.len() >= length => whole(length),
            Ok(_) => Part::Unfinished,
            Err(_) => Part::Broken,
        };
    }
    if is_chunked(head) {
        return match chunks(rest) {
            Some(Ok(length)) => whole(length),
            Some(Err(())) => Part::Broken,
            None => Part::Unfinished,
        };
    }
    Part::Broken
}

/// What a whole answer holds.
pub(super) fn body(answer: &[u8]) -> Vec<u8> {
    let (head, rest) = answer.split_at(find(answer, b"\r\n\r\n").map_or(answer.len(), |at| at + 4));
    if !is_chunked(head) {
        return rest.to_vec();
    }
    let mut content = Vec::new();
    let mut at = 0;
    while let Some(Ok((from, size))) = chunk(rest, at) {
        content.extend_from_slice(rest.get(from..from + size).unwrap_or_default());
        if size == 0 {
            break;
        }
        at = from + size + 2;
    }
    content
}

fn is_chunked(head: &[u8]) -> bool {
    header(head, "transfer-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked"))
}

/// How long the chunks are together; nothing while the last one is missing.
fn chunks(body: &[u8]) -> Option<Result<usize, ()>> {
    let mut at = 0;
    loop {
        let Ok((from, size)) = chunk(body, at)? else { return Some(Err(())) };
        at = from + size + 2;
        if size == 0 {
            return (body.len() >= at).then_some(Ok(at));
        }
    }
}

/// Where the content of the chunk that begins here begins, and how long it is; nothing while that is not there yet.
fn chunk(body: &[u8], at: usize) -> Option<Result<(usize, usize), ()>> {
    let rest = body.get(at..)?;
    let line = find(rest, b"\r\n")?;
    let size = rest.get(..line).and_then(|line| std::str::from_utf8(line).ok());
    let size = size.and_then(|size| usize::from_str_radix(size, 16).ok());
    Some(size.map(|size| (at + line + 2, size)).ok_or(()))
}

fn status(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.strip_prefix(b"HTTP/1.1 ")?.get(..3)?).ok()?.parse().ok()
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(head).ok()?;
    let lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> Part {
        // Wherever the network cuts it, it is unfinished until it is whole.
        for end in 0..text.len() {
            assert_eq!(parse(&text.as_bytes()[..end]), Part::Unfinished, "{}", &text[..end]);
        }
        parse(text.as_bytes())
    }

    #[test]
    fn the_end_of_an_answer_is_found() {
        for (head, body) in [
            ("200 OK\r\nContent-Length: 5\r\n", "hello"),
            ("200 OK\r\ncontent-length: 0\r\n", ""),
            ("204 No Content\r\n", ""),
            ("503 Later\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n"),
        ] {
            let text = format!("HTTP/1.1 {head}\r\n{body}");
            let status = head[..3].parse().unwrap();
            assert_eq!(length(&text), Part::Whole { status, length: text.len() }, "{text}");
            let content = if head.contains("chunked") { "hello0123456789" } else { body };
            assert_eq!(super::body(text.as_bytes()), content.as_bytes());
        }
    }

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        for text in [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ] {
            assert_eq!(parse(text.as_bytes()), Part::Broken, "{text}");
        }
    }
}
