//! The load generator: one thread, keep-alive connections, one request under way on each.
//!
//! It shares two cores with what it measures, so it does as little as can be: the request is bytes that were written once,
//! and of an answer only its status and its end are looked for.

use super::answer::{self, Part};
use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Nothing that is measured here takes as long.
const STUCK: Duration = Duration::from_secs(30);

/// Between an answer and the next request on its connection. workerd reads on from a connection that has sent more already,
/// without asking the kernel for others: with no pause, it serves the ten that are quickest and lets the rest starve.
const PAUSE: Duration = Duration::from_micros(300);

/// What is asked, again and again.
pub(super) struct Ask {
    /// On 127.0.0.1.
    pub(super) port: u16,
    /// The whole request.
    pub(super) bytes: Vec<u8>,
    /// What it must be answered with.
    pub(super) status: u16,
}

impl Ask {
    /// A request for a document.
    pub(super) fn get(port: u16, path: &str) -> Self {
        let bytes = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n").into_bytes();
        Self { port, bytes, status: 200 }
    }
}

/// When a run is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// After so long.
    Elapsed(Duration),
    /// After so many answers on each connection.
    Answers(usize),
}

/// What a run saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Of each answer, how long it took; sorted.
    pub(super) latencies: Vec<Duration>,
    /// How long the run was.
    pub(super) took: Duration,
}

impl Seen {
    /// Adds what another stretch of the same run saw.
    pub(super) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.took += other.took;
    }

    /// Answers a second.
    pub(super) fn throughput(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The latency in milliseconds that this share of all answers, from 0 to 1, did not exceed.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1_000.0)
    }
}

/// One connection, and what is under way on it.
struct Connection {
    stream: TcpStream,
    sent: usize,
    answer: Vec<u8>,
    began: Instant,
    /// When the next request begins, between two of them.
    pauses_until: Option<Instant>,
    answers: usize,
    done: bool,
}

impl Connection {
    fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .with_context(|| format!("cannot connect to port {port}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let now = Instant::now();
        // The first one begins at once.
        let pauses_until = Some(now);
        Ok(Self { stream, sent: 0, answer: Vec::new(), began: now, pauses_until, answers: 0, done: false })
    }

    fn begin(&mut self, request: &[u8]) -> Result<()> {
        (self.sent, self.began, self.pauses_until) = (0, Instant::now(), None);
        self.answer.clear();
        self.write(request)
    }

    fn write(&mut self, request: &[u8]) -> Result<()> {
        while let Some(rest) = request.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("a connection broke while a request was sent"),
            }
        }
        Ok(())
    }

    /// Reads what is there; the status once the answer is whole.
    fn read(&mut self) -> Result<Option<u16>> {
        let mut chunk = [0; 4_096];
        match self.stream.read(&mut chunk) {
            Ok(0) => bail!("a connection was closed in the middle of an answer"),
            Ok(length) => self.answer.extend_from_slice(chunk.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error).context("a connection broke while an answer was read"),
        }
        match answer::parse(&self.answer) {
            Part::Whole { status, length } if length == self.answer.len() => Ok(Some(status)),
            Part::Whole { .. } => bail!("more than one answer came to one request"),
            Part::Unfinished => Ok(None),
            Part::Broken => bail!("not an HTTP answer: {}", String::from_utf8_lossy(&self.answer)),
        }
    }
}

/// Asks once; the body of the answer.
pub(super) fn body(ask: &Ask) -> Result<Vec<u8>> {
    let mut connection = Connection::open(ask.port)?;
    connection.stream.set_nonblocking(false)?;
    connection.stream.set_read_timeout(Some(STUCK))?;
    connection.begin(&ask.bytes)?;
    let status = loop {
        if let Some(status) = connection.read()? {
            break status;
        }
    };
    if status != ask.status {
        bail!("an answer was {status}: {}", String::from_utf8_lossy(&connection.answer));
    }
    Ok(answer::body(&connection.answer))
}

/// Asks on so many connections at once, the questions dealt out in turn. Every answer must have the status that is asked for.
///
/// Connections are open before the clock starts, and with [`Until::Answers`] all of them ask at the same time.
pub(super) fn run(asks: &[Ask], connections: usize, until: Until) -> Result<Seen> {
    let mut open: Vec<(Connection, &Ask)> = asks
        .iter()
        .cycle()
        .take(connections)
        .map(|ask| Ok((Connection::open(ask.port)?, ask)))
        .collect::<Result<_>>()?;
    let mut latencies = Vec::new();
    let began = Instant::now();
    while open.iter().any(|(connection, _)| !connection.done) {
        let now = Instant::now();
        for (connection, ask) in &mut open {
            if connection.pauses_until.is_some_and(|until| until <= now) {
                connection.begin(&ask.bytes)?;
            }
        }
        for at in wait(&open, now)? {
            let Some((connection, ask)) = open.get_mut(at) else { continue };
            connection.write(&ask.bytes)?;
            let Some(status) = connection.read()? else { continue };
            if status != ask.status {
                bail!("an answer was {status}: {}", String::from_utf8_lossy(&connection.answer));
            }
            let now = Instant::now();
            latencies.push(now.duration_since(connection.began));
            connection.answers += 1;
            connection.done = match until {
                Until::Elapsed(limit) => began.elapsed() >= limit,
                Until::Answers(limit) => connection.answers >= limit,
            };
            connection.pauses_until = (!connection.done).then(|| now + PAUSE);
        }
    }
    let took = began.elapsed();
    latencies.sort_unstable();
    Ok(Seen { latencies, took })
}

/// Which connections have something to do.
fn wait(open: &[(Connection, &Ask)], now: Instant) -> Result<Vec<usize>> {
    let flags = |connection: &Connection, ask: &Ask| {
        if connection.sent < ask.bytes.len() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN }
    };
    let busy = || {
        let waits = |connection: &Connection| !connection.done && connection.pauses_until.is_none();
        open.iter().enumerate().filter(move |(_, (connection, _))| waits(connection))
    };
    let mut polled: Vec<PollFd<'_>> = busy()
        .map(|(_, (connection, ask))| PollFd::new(&connection.stream, flags(connection, ask)))
        .collect();
    let pause = open.iter().filter_map(|(connection, _)| connection.pauses_until).min();
    let limit = pause.map_or(STUCK, |until| until.saturating_duration_since(now));
    let timeout = Timespec { tv_sec: limit.as_secs().try_into()?, tv_nsec: limit.subsec_nanos().into() };
    if poll(&mut polled, Some(&timeout)).context("cannot wait for answers")? == 0 && pause.is_none() {
        bail!("{} requests had no answer after {} s", polled.len(), STUCK.as_secs());
    }
    let indices = busy().map(|(at, _)| at);
    Ok(indices.zip(&polled).filter(|(_, fd)| !fd.revents().is_empty()).map(|(at, _)| at).collect())
}
