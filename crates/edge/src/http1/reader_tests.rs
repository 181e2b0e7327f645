use alloc::string::String;

use super::*;

const LIMITS: Limits = Limits { head: 1_024, body: 64 };
const HEAD: &str = "HTTP/1.1 200 OK\r\n";

/// However it is cut, the same comes of it.
fn read(to_head: bool, bytes: &[u8]) -> Result<Answer, ReadError> {
    let answers = [1, 2, 3, 7, bytes.len().max(1)].map(|size| {
        let mut reader = Reader::new(to_head, LIMITS);
        for piece in bytes.chunks(size) {
            match reader.feed(piece) {
                Ok(false) => {}
                Ok(true) | Err(_) => break,
            }
        }
        reader.finish()
    });
    for answer in &answers {
        assert_eq!(answer, &answers[0], "{:?}", String::from_utf8_lossy(bytes));
    }
    answers.into_iter().next().unwrap()
}

fn body(rest: &str) -> Result<String, ReadError> {
    let answer = read(false, [HEAD, rest].concat().as_bytes())?;
    Ok(String::from_utf8(answer.body).unwrap())
}

#[test]
fn an_answer_is_read_whole() {
    let answer = read(
        false,
        b"HTTP/1.1 404 \r\nContent-Type: application/json\r\nX-A:\t b\xe9 \r\nx-a: c\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK",
    )
    .unwrap();
    assert_eq!((answer.head.status, answer.body.as_slice()), (404, b"{}".as_slice()));
    assert_eq!(answer.head.header("content-type"), Some("application/json"));
    assert_eq!((answer.head.header("x-a"), answer.head.headers.len()), (Some("b\u{e9}"), 4));
    assert_eq!(answer.head.header("x-b"), None);
}

#[test]
fn a_body_ends_where_it_says() {
    for (rest, expected) in [
        ("Content-Length: 5\r\n\r\nhello, and more", "hello"),
        ("Content-Length: 0\r\n\r\nmore", ""),
        ("Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", "hello"),
        ("Content-Length: 5, 5\r\n\r\nhello", "hello"),
        ("Content-Length: 005\r\n\r\nhello", "hello"),
        ("\r\nuntil the end", "until the end"),
        ("\r\n", ""),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nmore", "hello"),
        (
            "Transfer-Encoding: CHUNKED\r\n\r\n1;a=\"b\"\r\nh\r\n004 \r\nello\r\n000\r\nX-A: b\r\nX-B: c\r\n\r\n",
            "hello",
        ),
        ("transfer-encoding: chunked\r\n\r\n0\r\n\r\n", ""),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"),
    ] {
        assert_eq!(body(rest).as_deref(), Ok(expected), "{rest:?}");
    }
}

#[test]
fn what_has_no_body_has_none() {
    for (to_head, text) in [
        (true, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (false, "HTTP/1.1 204 No Content\r\n\r\nmore"),
        (false, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ] {
        assert_eq!(read(to_head, text.as_bytes()).map(|answer| answer.body), Ok(Vec::new()), "{text:?}");
    }
}

#[test]
fn what_is_said_for_the_time_being_is_skipped() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\na";
    let answer = read(false, answer.as_bytes()).unwrap();
    assert_eq!((answer.head.status, answer.body.as_slice()), (201, b"a".as_slice()));
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(60);
    let ended = [endless.as_str(), HEAD, "\r\n"].concat();
    for text in [&endless, &ended] {
        assert_eq!(read(false, text.as_bytes()), Err(ReadError::TooLarge));
    }
    let upgrade = read(false, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
    assert!(matches!(upgrade, Err(ReadError::Malformed(_))));
}

#[test]
fn what_was_cut_is_no_answer() {
    for text in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        assert_eq!(read(false, text.as_bytes()), Err(ReadError::Cut), "{text:?}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_no_answer() {
    for text in [
        // Two ends of the body.
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // Lengths that are none.
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
        // Headers over two lines, names with a space, lines that end by half, an empty line too many.
        "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\r\n\tc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A\r\n\r\n",
        "HTTP/1.1 200 OK\nX-A: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\nX-B: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\0\r\n\r\n",
        "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        // Other protocols.
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/1.1 999 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "<html>\r\n\r\n",
        // Chunks that are none.
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;a\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\rXhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\rX",
    ] {
        let answer = read(false, text.as_bytes());
        assert!(matches!(answer, Err(ReadError::Malformed(_))), "{text:?} {answer:?}");
    }
}

#[test]
fn what_is_too_large_is_not_held() {
    let long = "a".repeat(65);
    for rest in [
        &alloc::format!("Content-Length: 65\r\n\r\n{long}"),
        &alloc::format!("\r\n{long}"),
        &alloc::format!("Transfer-Encoding: chunked\r\n\r\n41\r\n{long}"),
        &alloc::format!("X-A: {}", long.repeat(20)),
    ] {
        assert_eq!(body(rest), Err(ReadError::TooLarge), "{rest}");
    }
    for rest in [
        alloc::format!("Transfer-Encoding: chunked\r\n\r\n1;{}\r\na", "b".repeat(300)),
        alloc::format!("Transfer-Encoding: chunked\r\n\r\n0\r\n{}", "X-A: b\r\n".repeat(2_000)),
        "X-A: b\r\n".repeat(101) + "\r\n",
    ] {
        assert!(matches!(body(&rest), Err(ReadError::Malformed(_))), "{}", &rest[..40]);
    }
}

#[test]
fn a_failure_stays_one() {
    let mut reader = Reader::new(false, LIMITS);
    let error = reader.feed(b"HTTP/9 200\r\n\r\n").unwrap_err();
    assert_eq!(reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Err(error));
    assert_eq!(reader.finish(), Err(error));
    assert!(!error.reason().is_empty() && ReadError::Cut.reason() != ReadError::TooLarge.reason());
}
