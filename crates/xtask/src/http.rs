//! Just enough HTTP to ask a loopback server whether it is there.

use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// The status of `GET path` on `127.0.0.1:port`.
pub(crate) fn status(port: u16, path: &str) -> Result<u16> {
    const WAIT: Duration = Duration::from_secs(2);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, WAIT)?;
    stream.set_read_timeout(Some(WAIT))?;
    stream.set_write_timeout(Some(WAIT))?;
    // In one piece: a server that answers and closes before it has read everything resets the connection.
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 64];
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest)? {
            0 => break,
            more => filled += more,
        }
    }
    parse(&String::from_utf8_lossy(&head)).context("not an HTTP answer")
}

/// The number in `HTTP/1.1 200 OK`.
fn parse(head: &str) -> Option<u16> {
    head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_status_line_is_read() {
        assert_eq!(parse("HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(parse("HTTP/1.0 503\r\n"), Some(503));
        assert_eq!(parse("SSH-2.0-x"), None);
    }

    #[test]
    fn a_server_is_asked() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = peer.read(&mut request).unwrap();
            peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        assert_eq!(status(port, "/healthz").unwrap(), 200);
        assert!(server.join().unwrap().starts_with("GET /healthz HTTP/1.1\r\n"));
    }

    #[test]
    fn nobody_there_is_an_error() {
        assert!(status(crate::ports::free().unwrap(), "/").is_err());
    }
}
