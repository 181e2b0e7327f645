//! A request as it reached us.

use std::pin::pin;

use everlit_core::time::Millis;
use everlit_wire::{Code, Problem};
use futures_util::future::{Either, select};

use crate::body::{self, BodyError};
use crate::clock;

/// The largest body that we read ourselves. What is proxied is streamed and has no such limit.
pub const MAX_BODY: usize = 4 * 1_024;

/// How long we wait for a body that we read ourselves: all are short. Who sends one letter a minute holds nothing of ours for longer.
const PATIENCE: Millis = Millis::from_secs(10);

/// A request, its URL taken apart.
pub struct Incoming {
    raw: web_sys::Request,
    headers: web_sys::Headers,
    /// The method.
    pub method: String,
    /// The host, with its port. Which one we are is configuration: this says at most which of ours was called.
    pub host: String,
    /// The path, still encoded.
    pub path: String,
    /// What follows the question mark, if there is one.
    pub query: Option<String>,
}

impl Incoming {
    /// Takes a request apart.
    pub fn new(raw: web_sys::Request) -> Self {
        let url = raw.url();
        let (host, path, query) = split(&url);
        let (host, path) = (host.to_owned(), path.to_owned());
        Self {
            method: raw.method(),
            host,
            path,
            query: query.map(str::to_owned),
            headers: raw.headers(),
            raw,
        }
    }

    /// The value of a header; several of one name come joined.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).ok().flatten()
    }

    /// Its headers.
    pub const fn headers(&self) -> &web_sys::Headers {
        &self.headers
    }

    /// The request itself, for the proxy.
    pub const fn raw(&self) -> &web_sys::Request {
        &self.raw
    }

    /// The whole body, if it is small.
    pub async fn body(&self) -> Result<Vec<u8>, Problem> {
        Ok(self.read(MAX_BODY).await?)
    }

    /// The whole body, if it is no longer than this, and comes in time.
    pub async fn read(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match select(pin!(self.bytes(limit)), clock::pause(PATIENCE)).await {
            Either::Left((read, _)) => read,
            Either::Right(((), _)) => Err(BodyError::TooSlow),
        }
    }

    async fn bytes(&self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match self.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
            Some(length) if length > limit => Err(BodyError::TooLarge),
            // No more than was stated can come, so it is read in one step.
            Some(_) => body::whole(self.raw.array_buffer()).await,
            None => body::read(self.raw.body(), limit).await,
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::new(match error {
            BodyError::TooLarge => Code::TooLarge,
            BodyError::Broken => Code::BadRequest,
            BodyError::TooSlow => Code::TooSlow,
        })
    }
}

/// Host, path and query of an absolute URL as the runtime writes it: with a path, and without a fragment.
pub fn split(url: &str) -> (&str, &str, Option<&str>) {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = after_scheme.find('/').unwrap_or(after_scheme.len());
    let (host, target) = after_scheme.split_at_checked(end).unwrap_or((after_scheme, "/"));
    match target.split_once('?') {
        Some((path, query)) => (host, path, Some(query)),
        None => (host, target, None),
    }
}
