//! A login by a person: an address to open, and a loopback server that takes the answer.

use super::server::Server;
use crate::{say, secrets};
use anyhow::{Context as _, Result, bail};
use everlit_edge::oauth::{
    AuthorizationCode, AuthorizationRequest, AuthorizationResponse, ClientRequest, CodeVerifier, Expected,
    Outcome, State, TokenAnswer, TokenResponse,
};
use everlit_edge::oidc::Nonce;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// For one login. A person may have to look for a password.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// For what a browser sends once it has connected; some connect and send nothing.
const READ: Duration = Duration::from_secs(2);
const LONGEST_REQUEST: usize = 16 * 1_024;

/// Where the authorization server sends the browser.
pub(super) struct Callback {
    listener: TcpListener,
    /// To be registered there.
    pub(super) redirect_uri: String,
}

impl Callback {
    /// Listens on `127.0.0.1:<port>`.
    pub(super) fn open(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| {
            format!("port {port} is taken: end what listens there, or name another one with --redirect-port")
        })?;
        listener.set_nonblocking(true).context("cannot wait for the browser")?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, redirect_uri: format!("http://127.0.0.1:{port}/callback") })
    }

    /// One login.
    pub(super) fn log_in(&self, server: &Server) -> Result<TokenResponse> {
        let state = State::from_entropy(secrets::entropy()?);
        let nonce = Nonce::from_entropy(secrets::entropy()?);
        let code_verifier = CodeVerifier::from_entropy(secrets::entropy()?);
        let request = AuthorizationRequest {
            endpoint: &server.metadata.authorization_endpoint,
            provider: &server.provider,
            redirect_uri: &self.redirect_uri,
            state: &state,
            nonce: &nonce,
            code_verifier: &code_verifier,
            dpop_jkt: None,
            prompt: None,
        };
        eprintln!("    {}", request.url());
        let expected = Expected {
            state: &state,
            issuer: &server.metadata.issuer,
            issuer_names_itself: server.metadata.issuer_names_itself,
        };
        let code = self.wait(&expected)?;
        let request =
            ClientRequest::authorization_code(server.client(), &code, &self.redirect_uri, &code_verifier);
        match server.token(&request) {
            TokenAnswer::Granted(tokens) => Ok(tokens),
            TokenAnswer::Transient { reason, .. }
            | TokenAnswer::Throttled { reason, .. }
            | TokenAnswer::Unreadable { reason }
            | TokenAnswer::Reauth { reason }
            | TokenAnswer::NotDone { reason }
            | TokenAnswer::Unusable { reason, .. }
            | TokenAnswer::Misconfigured { reason } => {
                bail!("the token endpoint did not take the code: {reason}")
            }
        }
    }

    fn wait(&self, expected: &Expected<'_>) -> Result<AuthorizationCode> {
        let deadline = Instant::now() + PATIENCE;
        let mut heart = say::Heartbeat::new("waiting for the login");
        while Instant::now() < deadline {
            match self.listener.accept() {
                Ok((browser, _)) => {
                    if let Some(outcome) = answer(browser, expected) {
                        return match outcome {
                            Outcome::Code(code) => Ok(code),
                            Outcome::Error(error) => {
                                bail!("the authorization server says: {}", error.reason())
                            }
                        };
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    heart.beat();
                    thread::sleep(Duration::from_millis(30));
                }
                Err(error) => return Err(error).context("cannot wait for the browser"),
            }
        }
        bail!("nobody logged in within {}", say::elapsed(PATIENCE))
    }
}

/// Answers one request; gives the outcome if it was the one that is waited for.
fn answer(mut browser: TcpStream, expected: &Expected<'_>) -> Option<Outcome> {
    let query = read(&mut browser).and_then(|head| callback_query(&head).map(str::to_owned));
    let response = query.as_deref().and_then(|query| AuthorizationResponse::parse(query).ok());
    let outcome = response.and_then(|response| response.validate(expected).ok());
    let (status, text) = match (&outcome, query) {
        (Some(_), _) => ("200 OK", "Thank you. This page can be closed; go on in the terminal."),
        (None, Some(_)) => {
            ("400 Bad Request", "This is not the login that is waited for: open the newest address.")
        }
        (None, None) => ("404 Not Found", "There is nothing here."),
    };
    let page = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         referrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // Whether the browser hears of it changes nothing.
    drop(browser.write_all(page.as_bytes()));
    outcome
}

fn read(browser: &mut TcpStream) -> Option<String> {
    browser.set_nonblocking(false).ok()?;
    browser.set_read_timeout(Some(READ)).ok()?;
    let mut head = Vec::new();
    let mut chunk = [0; 2_048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < LONGEST_REQUEST {
        match browser.read(&mut chunk).ok()? {
            0 => return None,
            more => head.extend_from_slice(chunk.get(..more)?),
        }
    }
    String::from_utf8(head).ok()
}

/// The `x=y` of `GET /callback?x=y HTTP/1.1`.
fn callback_query(head: &str) -> Option<&str> {
    let (target, _) = head.strip_prefix("GET ")?.split_once(" HTTP/1.")?;
    target.strip_prefix("/callback?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_callback_is_read() {
        assert_eq!(callback_query("GET /callback?code=a&state=b HTTP/1.1\r\n"), Some("code=a&state=b"));
        for other in [
            "GET /callback HTTP/1.1\r\n",
            "GET /favicon.ico HTTP/1.1\r\n",
            "POST /callback?x HTTP/1.1\r\n",
            "",
        ] {
            assert_eq!(callback_query(other), None, "{other}");
        }
    }

    #[test]
    fn another_state_is_not_the_login_that_is_waited_for() {
        let callback = Callback::open(0).unwrap();
        let port = callback.listener.local_addr().unwrap().port();
        let state = State::from_entropy([1; 32]);
        let wanted = state.as_str().to_owned();
        let browser = thread::spawn(move || {
            ["x".repeat(43), wanted].map(|state| {
                let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
                stream
                    .write_all(format!("GET /callback?code=a&state={state} HTTP/1.1\r\n\r\n").as_bytes())
                    .unwrap();
                let mut said = String::new();
                stream.read_to_string(&mut said).unwrap();
                said
            })
        });
        let expected = Expected { state: &state, issuer: "https://as.example", issuer_names_itself: false };
        callback.wait(&expected).unwrap();
        let [first, second] = browser.join().unwrap();
        assert!(first.starts_with("HTTP/1.1 400") && second.starts_with("HTTP/1.1 200"), "{first}\n{second}");
    }

    #[test]
    fn a_taken_port_names_the_flag() {
        let taken = Callback::open(0).unwrap();
        let port = taken.listener.local_addr().unwrap().port();
        let said = format!("{:#}", Callback::open(port).err().unwrap());
        assert!(said.contains("--redirect-port"), "{said}");
    }
}
