//! Those who are told without having asked: hibernating WebSockets. While nothing happens they cost nothing, and need no timer; the
//! runtime keeps them while the object is not in memory.

use everlit_core::id::Stamp;
use everlit_core::sort;
use everlit_core::vault::{EndReason, News};
use everlit_wire::{Notice, NoticeKind};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Response, ResponseInit, WebSocket};
use worker::worker_sys::{WebSocketPair, WebSocketRequestResponsePair};

use super::turn::Turns;
use crate::log;

/// The most sockets of one session; the oldest makes room.
const MAX_SOCKETS: usize = 32;
/// What a client may say, and what it hears then. The runtime says it, and leaves the object asleep.
const PING: &str = "ping";
const PONG: &str = "pong";

/// There is nothing more to say (RFC 6455, section 7.4.1).
const DONE: u16 = 1000;
/// The client broke the rules.
const POLICY: u16 = 1008;
/// Come back later.
const CROWDED: u16 = 1013;

#[wasm_bindgen]
extern "C" {
    /// What of a socket outlives the memory of its object.
    type Kept;
    #[wasm_bindgen(method, catch, js_name = serializeAttachment)]
    fn keep(this: &Kept, value: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = deserializeAttachment)]
    fn kept(this: &Kept) -> Result<JsValue, JsValue>;
}

impl Turns {
    /// Takes a socket in, and says what its owner may have missed, who then need not ask. That the session is over is said in the same
    /// way: a browser shows a page no status of a refused handshake, and the page would believe that its session goes on.
    pub(super) fn open_socket(&self, missed: News) -> Result<Response, JsValue> {
        let mut open = self.sockets();
        // Of numbers that are not negative the bits have the same order.
        sort::by_key(&mut open, |socket| number(socket).to_bits());
        let next = open.last().map_or(0.0, number) + 1.0;
        let crowd = open.len().saturating_add(1).saturating_sub(MAX_SOCKETS);
        for oldest in open.iter().take(crowd) {
            drop(oldest.close_with_code(CROWDED));
        }
        let mut pair = WebSocketPair::new()?;
        let (client, server) = (pair.client()?, pair.server()?);
        self.state.accept_websocket(&server)?;
        server.unchecked_ref::<Kept>().keep(&JsValue::from_f64(next))?;
        if let Ok(pong) = WebSocketRequestResponsePair::new(PING, PONG) {
            // Where that is refused the object answers itself.
            drop(self.state.set_websocket_auto_response(&pong));
        }
        say(&server, missed);
        let init = ResponseInit::new();
        init.set_status(101);
        js_sys::Reflect::set(&init, &JsValue::from_str("webSocket"), &client)?;
        Response::new_with_opt_str_and_init(None, &init)
    }

    /// Tells everybody. What was written down is durable before this leaves the object.
    pub(super) fn tell(&self, news: News) {
        for socket in self.sockets() {
            say(&socket, news);
        }
    }

    /// Those that are open.
    fn sockets(&self) -> Vec<WebSocket> {
        let mut sockets = self.state.get_websockets().unwrap_or_default();
        sockets.retain(|socket| socket.ready_state() == WebSocket::OPEN);
        sockets
    }
}

/// Sends it; nothing comes after an end. A socket that has gone meanwhile hears nothing, and is told when its owner is back.
fn say(socket: &WebSocket, news: News) {
    drop(worded(news).map(|text| socket.send_with_str(&text)));
    if matches!(news, News::Over(..)) {
        drop(socket.close_with_code(DONE));
    }
}

/// The notice of it, as it is sent.
fn worded(news: News) -> Option<String> {
    let (kind, Stamp { epoch, generation }) = match news {
        News::Moved(stamp) => (NoticeKind::Moved, stamp),
        News::ReauthRequired(stamp) => (NoticeKind::ReauthRequired, stamp),
        News::Over(stamp, EndReason::Logout) => (NoticeKind::LoggedOut, stamp),
        News::Over(
            stamp,
            EndReason::IdleLimit
            | EndReason::AbsoluteLimit
            | EndReason::Admin
            | EndReason::BackChannel
            | EndReason::OtherDevice,
        ) => (NoticeKind::Ended, stamp),
    };
    serde_json::to_string(&Notice::new(kind, epoch.0, generation.0)).ok()
}

/// In which order they came.
fn number(socket: &WebSocket) -> f64 {
    socket.unchecked_ref::<Kept>().kept().ok().and_then(|kept| kept.as_f64()).unwrap_or_default()
}

/// A client has nothing to say here but that it is there.
pub(super) fn said(socket: &WebSocket, message: &JsValue) {
    if message.as_string().as_deref() == Some(PING) {
        drop(socket.send_with_str(PONG));
    } else {
        log::line("socket_refused", []);
        drop(socket.close_with_code(POLICY));
    }
}

/// The other side has closed: so do we.
pub(super) fn closed(socket: &WebSocket) {
    drop(socket.close_with_code(DONE));
}
