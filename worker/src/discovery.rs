//! What providers say of themselves: metadata and keys, kept for a while in the memory of the isolate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::oidc::{Jwks, ProviderMetadata, discovery_url};

use crate::{clock, log, outgoing};

/// How long a document is taken as it is.
const FRESH: Millis = Millis::from_secs(600);
/// How long an old one still serves where no new one can be had.
const STALE: Millis = Millis::from_days(1);
/// How long a document is taken as it is also where something seems to be missing from it.
const NEW: Millis = Millis::from_secs(30);
/// How long one fetch may take. A login and a refresh both wait for it.
const LIMIT: Millis = Millis::from_secs(5);

thread_local! {
    static METADATA: Kept<ProviderMetadata> = const { RefCell::new(BTreeMap::new()) };
    static KEYS: Kept<Jwks> = const { RefCell::new(BTreeMap::new()) };
}

type Kept<T> = RefCell<BTreeMap<String, (Timestamp, Rc<T>)>>;

/// A provider cannot be asked, or what it says is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undiscovered;

/// The metadata of an issuer.
pub(crate) async fn metadata(issuer: &str) -> Result<Rc<ProviderMetadata>, Undiscovered> {
    let known = METADATA.with_borrow(|kept| kept.get(issuer).cloned());
    if let Some(fresh) = within(known.as_ref(), FRESH) {
        return Ok(fresh);
    }
    match fetch(&discovery_url(issuer), |body| {
        ProviderMetadata::parse(body, issuer).map_err(|error| error.reason())
    })
    .await
    {
        Ok(metadata) => Ok(keep(&METADATA, issuer, metadata)),
        Err(reason) => {
            log::line("discovery_failed", [("what", "metadata".into()), ("reason", reason.into())]);
            within(known.as_ref(), STALE).ok_or(Undiscovered)
        }
    }
}

/// The keys of an issuer, as they are remembered.
pub(crate) async fn keys(metadata: &ProviderMetadata) -> Result<Rc<Jwks>, Undiscovered> {
    let known = KEYS.with_borrow(|kept| kept.get(&metadata.issuer).cloned());
    match within(known.as_ref(), FRESH) {
        Some(fresh) => Ok(fresh),
        None => refetched_keys(metadata).await,
    }
}

/// Whether the keys of an issuer were read a moment ago: whoever sends us a token that fits none of them has them read no sooner.
pub(crate) fn has_new_keys(metadata: &ProviderMetadata) -> bool {
    let known = KEYS.with_borrow(|kept| kept.get(&metadata.issuer).cloned());
    within(known.as_ref(), NEW).is_some()
}

/// The keys of an issuer, asked for now: one of them is missing.
pub(crate) async fn refetched_keys(metadata: &ProviderMetadata) -> Result<Rc<Jwks>, Undiscovered> {
    match fetch(&metadata.jwks_uri.to_string(), |body| Jwks::parse(body).map_err(|error| error.reason()))
        .await
    {
        Ok(keys) => Ok(keep(&KEYS, &metadata.issuer, keys)),
        Err(reason) => {
            log::line("discovery_failed", [("what", "keys".into()), ("reason", reason.into())]);
            Err(Undiscovered)
        }
    }
}

async fn fetch<T>(url: &str, read: impl Fn(&[u8]) -> Result<T, &'static str>) -> Result<T, &'static str> {
    let received = outgoing::get(url, LIMIT).await.map_err(|unanswered| unanswered.reason())?;
    if received.status == 200 { read(&received.body) } else { Err("the status is not 200") }
}

fn keep<T>(store: &'static std::thread::LocalKey<Kept<T>>, issuer: &str, value: T) -> Rc<T> {
    let value = Rc::new(value);
    store.with_borrow_mut(|kept| kept.insert(issuer.to_owned(), (clock::now(), Rc::clone(&value))));
    value
}

fn within<T>(known: Option<&(Timestamp, Rc<T>)>, age: Millis) -> Option<Rc<T>> {
    known.filter(|(since, _)| clock::now().since(*since) < age).map(|(_, value)| Rc::clone(value))
}
