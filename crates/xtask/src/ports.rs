//! Loopback ports: free ones, and clear words when one is taken.

use anyhow::{Context as _, Result, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

/// A port that nobody listens on now.
pub(crate) fn free() -> Result<u16> {
    for _ in 0..50 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        if is_free_v6(port) {
            return Ok(port);
        }
    }
    bail!("no port is free on both 127.0.0.1 and [::1]")
}

/// Whether `localhost:port` is ours to take: a browser may ask `[::1]` first, so both must be free.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && is_free_v6(port)
}

fn is_free_v6(port: u16) -> bool {
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(_) => true,
        // A machine without IPv6 cannot have it taken.
        Err(error) => error.kind() != ErrorKind::AddrInUse,
    }
}

/// The port that was asked for, or a sentence that says what to do.
pub(crate) fn wanted(port: u16) -> Result<u16> {
    if port != 0 && is_free(port) {
        return Ok(port);
    }
    bail!(
        "port {port} is taken: end what listens there, name another one with --port, or leave --port out and a free \
         one is chosen"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = wanted(port).unwrap_err().to_string();
        assert!(said.contains(&port.to_string()) && said.contains("--port"), "{said}");
        drop(listener);
        assert_eq!(wanted(port).unwrap(), port);
    }

    #[test]
    fn a_free_port_can_be_bound() {
        let port = free().unwrap();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
