//! One request over a connection of its own: what no `fetch` sends.

use everlit_core::time::Millis;
use everlit_edge::http1::{Answer, Limits, ReadError, Reader};
use everlit_edge::url::Origin;
use everlit_runtime::outgoing::Unanswered;
use everlit_runtime::{clock, log};
use futures_util::future::{Either, select};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, WritableStreamDefaultWriter};
use worker::worker_sys;

/// How long nothing may come of an answer that has begun.
const STRETCH: Millis = Millis::from_secs(15);

/// A connection that is closed when it is dropped, also in the middle of whatever it does: whoever waits has a limit.
struct Connection(worker_sys::Socket);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.close().map(ignore).unwrap_or_default();
    }
}

impl Connection {
    /// Begins one. That nobody is there is found out by the first byte that is sent.
    fn open(origin: &Origin) -> Result<Self, JsValue> {
        let (secure, port) =
            if origin.as_str().starts_with("https:") { ("on", ":443") } else { ("off", ":80") };
        let host = origin.host();
        // The port is behind the last colon, unless that is one inside of an address.
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let address = [host, if has_port { "" } else { port }].concat();
        let options = Object::new();
        Reflect::set(&options, &"secureTransport".into(), &secure.into())?;
        Reflect::set(&options, &"allowHalfOpen".into(), &false.into())?;
        let socket = worker_sys::connect(address.into(), options.into())?;
        // Its own promises fail as well when it does, and nobody else waits for them.
        [socket.opened(), socket.closed()].into_iter().flatten().for_each(ignore);
        Ok(Self(socket))
    }

    async fn write(&self, bytes: &[u8]) -> Result<(), JsValue> {
        let writer = WritableStreamDefaultWriter::new(&self.0.writable()?)?;
        JsFuture::from(writer.write_with_chunk(&Uint8Array::from(bytes))).await?;
        writer.release_lock();
        Ok(())
    }

    /// Nothing where it has begun, and no more of it comes.
    async fn read(&self, mut reader: Reader) -> Result<Option<Result<Answer, ReadError>>, JsValue> {
        let stream = ReadableStreamDefaultReader::new(&self.0.readable()?)?;
        let mut has_begun = false;
        loop {
            let read = JsFuture::from(stream.read());
            let read = if has_begun {
                match select(read, clock::pause(STRETCH)).await {
                    Either::Left((read, _)) => read?,
                    Either::Right(((), _)) => return Ok(None),
                }
            } else {
                read.await?
            };
            has_begun = true;
            if Reflect::get(&read, &"done".into())?.is_truthy() {
                return Ok(Some(reader.finish()));
            }
            let piece: Uint8Array = Reflect::get(&read, &"value".into())?.dyn_into()?;
            match reader.feed(&piece.to_vec()) {
                Ok(false) => {}
                Ok(true) => return Ok(Some(reader.finish())),
                Err(error) => return Ok(Some(Err(error))),
            }
        }
    }
}

/// Whatever becomes of it.
fn ignore(promise: Promise) {
    wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(promise).await) });
}

/// Sends a request and reads the answer. Whoever drops this closes the connection.
pub(crate) async fn exchange(
    origin: &Origin,
    request: &[u8],
    to_head: bool,
    limits: Limits,
) -> Result<Answer, Unanswered> {
    let answered = async {
        let connection = Connection::open(origin)?;
        connection.write(request).await?;
        connection.read(Reader::new(to_head, limits)).await
    };
    match answered.await {
        Ok(Some(Ok(answer))) => Ok(answer),
        Ok(None) => Err(Unanswered::TooSlow),
        Ok(Some(Err(error))) => {
            log::line("answer_unreadable", [("reason", error.reason().into())]);
            let too_large = error == ReadError::TooLarge;
            Err(if too_large { Unanswered::TooLarge } else { Unanswered::Broken })
        }
        Err(thrown) => {
            log::line("socket_failed", [("reason", log::class_of(&thrown))]);
            Err(Unanswered::Broken)
        }
    }
}
