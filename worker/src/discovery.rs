//! What providers say of themselves: metadata and keys, kept for a while in the memory of the isolate.

use std::cell::RefCell;
use std::rc::Rc;

use everlit_core::time::{Millis, Timestamp};
use everlit_edge::config::ProviderConfig;
use everlit_edge::oidc::{Jwks, ProviderMetadata, discovery_url};
use everlit_edge::provider::supabase::login;

use crate::few::Few;
use crate::{clock, gate, outgoing};

/// How long a document is taken as it is.
const FRESH: Millis = Millis::from_secs(600);
/// How long an old one still serves where no new one can be had.
const STALE: Millis = Millis::from_days(1);
/// How long nobody but ourselves has keys read again, whatever came of the last time. Whoever sends us a token that fits none of them waits
/// for the end of it: a server waits some seconds for the answer to a logout, and does not send one again that was refused.
const PAUSE: Millis = Millis::from_secs(5);
/// How long one fetch may take. A login and a refresh both wait for it.
const LIMIT: Millis = Millis::from_secs(5);

thread_local! {
    static METADATA: Kept<ProviderMetadata> = const { RefCell::new(Few::new()) };
    static KEYS: Kept<Jwks> = const { RefCell::new(Few::new()) };
    static READINGS: RefCell<Few<String, Reading>> = const { RefCell::new(Few::new()) };
}

/// When the keys of an issuer were asked for last, and whether that has come to an end.
#[derive(Clone, Copy)]
struct Reading {
    began_at: Timestamp,
    is_over: bool,
}

type Kept<T> = RefCell<Few<String, (Timestamp, Rc<T>)>>;

/// A provider cannot be asked, or what it says is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undiscovered;

/// The metadata of a provider.
pub(crate) async fn metadata(provider: &ProviderConfig) -> Result<Rc<ProviderMetadata>, Undiscovered> {
    let issuer = provider.issuer.as_str();
    if provider.supabase.is_some() {
        return login::metadata(issuer).map(Rc::new).ok_or(Undiscovered);
    }
    let known = METADATA.with_borrow(|kept| kept.get(|known| known == issuer).cloned());
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
            gate::line("discovery_failed", [("what", "metadata".into()), ("reason", reason.into())]);
            within(known.as_ref(), STALE).ok_or(Undiscovered)
        }
    }
}

/// The keys of an issuer, as they are remembered.
pub(crate) async fn keys(metadata: &ProviderMetadata) -> Result<Rc<Jwks>, Undiscovered> {
    match known_keys(metadata) {
        Some(fresh) => Ok(fresh),
        None => refetched_keys(metadata).await,
    }
}

/// Has the keys of an issuer read again for somebody who came with a token that fits none of them: once for all who came before that, and
/// after a pause.
pub(crate) async fn keys_after_pause(metadata: &ProviderMetadata) -> Result<Rc<Jwks>, Undiscovered> {
    let came_at = clock::now();
    loop {
        let last = READINGS.with_borrow(|readings| readings.get(|known| *known == metadata.issuer).copied());
        let Some(Reading { began_at, is_over }) = last else { return refetched_keys(metadata).await };
        let passed = began_at.until(clock::now());
        let left = PAUSE.less(passed);
        if began_at >= came_at && is_over {
            let known = KEYS.with_borrow(|kept| kept.get(|known| *known == metadata.issuer).cloned());
            return known
                .filter(|(read_at, _)| *read_at >= came_at)
                .map(|(_, keys)| keys)
                .ok_or(Undiscovered);
        }
        if left.is_zero() && (is_over || passed > LIMIT) {
            return refetched_keys(metadata).await;
        }
        // Another request reads them. It may be gone with its client.
        clock::pause(if is_over { left } else { Millis::from_millis(100) }).await;
    }
}

/// The keys of an issuer, as they are remembered and while they are fresh.
pub(crate) fn known_keys(metadata: &ProviderMetadata) -> Option<Rc<Jwks>> {
    KEYS.with_borrow(|kept| within(kept.get(|known| *known == metadata.issuer), FRESH))
}

/// The keys of an issuer, asked for now: one of them is missing.
pub(crate) async fn refetched_keys(metadata: &ProviderMetadata) -> Result<Rc<Jwks>, Undiscovered> {
    let reading = Reading { began_at: clock::now(), is_over: false };
    let note = |reading| {
        READINGS.with_borrow_mut(|readings| readings.insert(metadata.issuer.clone(), reading));
    };
    note(reading);
    let url = metadata.jwks_uri.to_string();
    let read = match fetch(&url, |body| Jwks::parse(body).map_err(|error| error.reason())).await {
        Ok(keys) => Ok(keep(&KEYS, &metadata.issuer, keys)),
        Err(reason) => {
            gate::line("discovery_failed", [("what", "keys".into()), ("reason", reason.into())]);
            Err(Undiscovered)
        }
    };
    note(Reading { is_over: true, ..reading });
    read
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
