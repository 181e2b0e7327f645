//! Silent re-login and the event socket, as a browser does them.

use everlit_core::Stamp;
use everlit_core::id::RequestId;
use everlit_core::tab::{Event, News, ReloginAnswer, Way};
use everlit_core::time::Millis;

use crate::browser::Browser;
use crate::happening::{Asked, Happening, Reply, Sender};
use crate::network::{Freight, Link};
use crate::stage::Stage;

/// How many popups of a thousand are blocked.
const BLOCKED: u32 = 50;

impl Browser {
    pub(crate) fn relogin(&mut self, stage: &mut Stage, tab: usize, request: RequestId, way: Way) {
        match way {
            Way::Popup if stage.chance.permille(BLOCKED) => {
                let Some(document) = self.slots.get(tab).map(|slot| slot.document) else { return };
                let asked = Asked::Relogin { request, way };
                let sender = Sender { tab, document, session: self.cookie, asked };
                stage
                    .plan(Millis::ZERO, Happening::ToTab(sender, Reply::Relogin(ReloginAnswer::Unavailable)));
            }
            Way::Frame | Way::Popup => {
                self.ask(stage, tab, Freight::Relogin, Asked::Relogin { request, way })
            }
            Way::Redirect => {
                let Some(slot) = self.slots.get_mut(tab) else { return };
                slot.away = true;
                slot.document = slot.document.wrapping_add(1);
                let work = self.calls.values().filter(|call| call.tab == tab && call.is_work).count();
                stage.lose_input(work as u64);
                self.calls.retain(|_, call| call.tab != tab);
                let wait = stage.chance.between(500, 4_000);
                stage.plan(wait, Happening::Redirected { tab });
            }
        }
    }

    /// The socket is accepted if there is a network and a session.
    pub(crate) fn open_socket(&mut self, stage: &mut Stage, tab: usize) {
        let Some(document) = self.slots.get(tab).map(|slot| slot.document) else { return };
        let (opened, closed) = (
            Happening::Socket { tab, document, open: true },
            Happening::Socket { tab, document, open: false },
        );
        stage.send(Link::ToWorker, Freight::Socket, opened, Some(closed));
    }

    /// A socket was opened, or could not be, or broke. Gives back at which object it is open now.
    pub(crate) fn socket(
        &mut self,
        stage: &mut Stage,
        tab: usize,
        document: u32,
        open: bool,
    ) -> Option<usize> {
        if !self.here(tab, document, || Happening::Socket { tab, document, open }) {
            return None;
        }
        let (cookie, shared) = (self.cookie, self.shared_worker);
        let slot = self.slots.get_mut(tab)?;
        // A tab has one: what comes of an opening before is nothing to it.
        if open && slot.socket.is_some() {
            return None;
        }
        let at = cookie.filter(|_| open);
        slot.socket = at;
        self.step(
            stage,
            tab,
            if at.is_some() { Event::SocketOpened { shared } } else { Event::SocketClosed },
        );
        at
    }

    /// The Worker tells everybody who listens at an object.
    pub(crate) fn told(&mut self, stage: &mut Stage, object: usize, news: News, stamp: Stamp) {
        for tab in 0..self.slots.len() {
            let listens =
                self.slots.get(tab).filter(|slot| slot.socket == Some(object)).map(|slot| slot.document);
            if let Some(document) = listens {
                self.hear(stage, tab, document, news, stamp);
            }
        }
    }

    /// A tab hears it, now or when it goes on, unless it has closed its socket.
    pub(crate) fn hear(&mut self, stage: &mut Stage, tab: usize, document: u32, news: News, stamp: Stamp) {
        let listens = self.slots.get(tab).is_some_and(|slot| slot.socket.is_some());
        if listens && self.here(tab, document, || Happening::Heard { tab, document, news, stamp }) {
            self.step(stage, tab, Event::SocketTold { news, stamp });
        }
    }

    /// Every socket breaks, and whoever runs notices.
    pub(crate) fn sockets_break(&mut self, stage: &mut Stage) {
        for tab in 0..self.slots.len() {
            let open = self.slots.get(tab).filter(|slot| slot.socket.is_some()).map(|slot| slot.document);
            if let Some(document) = open {
                stage.plan_soon(Happening::Socket { tab, document, open: false });
            }
        }
    }
}
