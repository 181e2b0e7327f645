//! A login of the operator's at the provider: begun with a ticket, bound to the browser that began it, finished once.

use std::rc::Rc;

use everlit_core::id::RequestId;
use everlit_core::secret::Secret;
use everlit_core::service::{Event, Handed, Source, Verdict};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::base64url::{self, constant_time_eq};
use everlit_edge::oauth::State;
use everlit_edge::provider::Protocol;
use everlit_edge::provider::upstox::notice::{Awaited, Notice};
use everlit_edge::query::Query;
use everlit_edge::service::{Kind, answer};
use everlit_runtime::{clock, entropy, log};

use super::loaded::{Brings, Fault, Loaded, name};
use super::message::{
    CallbackAsk, CallbackReply, HandAsk, HandReply, LoginAsk, LoginReply, NoticeAsk, Ticket,
};
use super::turn::{Said, Turns};
use crate::seldom;

/// How long a ticket can begin a login.
const TICKET: Millis = Millis::from_secs(120);
/// How long a login may take.
const LOGIN: Millis = Millis::from_secs(600);

/// A login that is under way. One at a time: the next takes its place.
#[derive(Clone)]
struct Pending {
    until: Timestamp,
    binding: String,
    state: String,
}

impl Turns {
    /// Makes a ticket. It takes the place of the one before.
    pub(super) fn ticket(&self) -> Result<Ticket, Fault> {
        let ticket = drawn()?;
        let until = clock::now().after(TICKET).as_millis();
        let text = format!("{until} {ticket}");
        self.look(|loaded| loaded.keep(name::TICKET, &text))??;
        Ok(Ticket { ticket, life: TICKET.as_millis() })
    }

    /// Begins a login.
    pub(super) fn begin_login(&self, ask: &LoginAsk) -> Result<LoginReply, Fault> {
        self.look(|loaded| {
            // An operator with a session has none, and leaves another's alone.
            if let Some(shown) = &ask.ticket {
                let kept = loaded.kept_text(name::TICKET)?;
                let is_good = kept.as_ref().and_then(|kept| kept.expose().split_once(' ')).is_some_and(
                    |(until, ticket)| {
                        is_before(until) && constant_time_eq(ticket.as_bytes(), shown.as_bytes())
                    },
                );
                if !is_good {
                    return Ok(LoginReply::NoTicket);
                }
                loaded.forget(name::TICKET)?;
            }
            let (binding, state) = (drawn()?, State::from_entropy(entropy::bytes().ok_or(Fault::Storage)?));
            let Some(url) = loaded.account()?.login_url(&state) else { return Ok(LoginReply::NoTicket) };
            let until = clock::now().after(LOGIN).as_millis();
            loaded.keep(name::LOGIN, &format!("{until} {binding} {}", state.as_str()))?;
            log::line("service_login_begun", [("service", loaded.service.as_ref().into())]);
            Ok(LoginReply::Begun { url, binding, life: LOGIN.as_millis() })
        })?
    }

    /// Finishes one. It is used up, whatever comes of it.
    pub(super) async fn finish_login(self: &Rc<Self>, ask: CallbackAsk) -> Result<CallbackReply, Fault> {
        let returns_state =
            self.look(|loaded| loaded.account().map(|account| account.config.description.returns_state))??;
        let pending = self.look(pending)??;
        let own = pending.filter(|pending| {
            clock::now() < pending.until
                && constant_time_eq(pending.binding.as_bytes(), ask.binding.as_bytes())
        });
        let Some(pending) = own else { return Ok(CallbackReply::Unknown) };
        let state =
            Query::parse(&ask.query).ok().and_then(|query| Some(query.one("state").ok()??.to_owned()));
        if returns_state && state.as_deref() != Some(pending.state.as_str()) {
            return Ok(CallbackReply::Unknown);
        }
        self.look(|loaded| loaded.forget(name::LOGIN))??;
        // As if the whole address had been pasted: what stands in it is read by the same rules.
        let text = ["https://callback.invalid/?", &ask.query].concat();
        let handled = self.look(|loaded| {
            loaded.account().map(|account| account.handed(&text, Some(Kind::Code), clock::now()))
        })??;
        match handled {
            Ok(handled) => {
                let reply = self.hand_in(handled.text, Source::LoggedIn, true, None, None).await?;
                Ok(CallbackReply::Judged(reply))
            }
            Err(error) => Ok(CallbackReply::Unreadable { says: error.says().to_owned() }),
        }
    }

    /// Takes what somebody hands in.
    pub(super) async fn take(self: &Rc<Self>, ask: HandAsk) -> Result<HandReply, Fault> {
        let now = clock::now();
        let kind = ask.is_code.map(|is_code| if is_code { Kind::Code } else { Kind::Token });
        // A file holds the token; what a person copies may be either.
        let kind = kind.or_else(|| ask.imported.then_some(Kind::Token));
        let read =
            self.look(|loaded| loaded.account().map(|account| account.handed(&ask.text, kind, now)))??;
        // A file may hold a code in its place.
        let read = match read {
            Err(_) if ask.imported && ask.is_code.is_none() => {
                self.look(|loaded| loaded.account().map(|account| account.handed(&ask.text, None, now)))??
            }
            read => read,
        };
        let handled = match read {
            Ok(handled) => handled,
            Err(error) => {
                let verdict = if error.name() == "old" { "over" } else { "malformed" };
                let says = error.says().to_owned();
                return Ok(HandReply::Refused { verdict: verdict.to_owned(), class: None, says });
            }
        };
        let source = if ask.imported { Source::Imported } else { Source::Pasted };
        let stated = [handled.stated, ask.expires_at.map(Timestamp::from_millis)].into_iter().flatten().min();
        let exchange = handled.kind == Kind::Code;
        self.hand_in(handled.text, source, exchange, stated, None).await
    }

    async fn hand_in(
        self: &Rc<Self>,
        text: Secret<String>,
        source: Source,
        exchange: bool,
        stated: Option<Timestamp>,
        ticket: Option<RequestId>,
    ) -> Result<HandReply, Fault> {
        let (name, planned) = self.look(|loaded| {
            let planned = loaded.account().map(|account| account.plan(clock::now(), stated));
            planned.map(|planned| (loaded.names(&text), planned))
        })??;
        // What is over already is said to be: a plan never lies in the past.
        let over = stated.filter(|stated| *stated <= clock::now());
        let expires_at = if exchange { None } else { over.or(planned) };
        let handed = Handed { name, source, exchange, expires_at, fallback_until: None, ticket };
        let said = self.hear(|caller| Event::HandedIn { caller, handed }, Brings::Hand(text)).await?;
        let Said::Verdict(verdict) = said else { return Err(Fault::Storage) };
        self.look(|loaded| judged(loaded, verdict))
    }

    /// Takes what the provider says by itself. Whoever says it learns nothing.
    pub(super) async fn notice(self: &Rc<Self>, ask: NoticeAsk) -> Result<(), Fault> {
        let now = clock::now();
        let read = self.look(|loaded| {
            let is_known = constant_time_eq(loaded.notifier.expose().as_bytes(), ask.capability.as_bytes());
            let account = loaded.account()?;
            if !is_known || account.config.protocol != Protocol::Upstox {
                return Ok(None);
            }
            let (ticket, pending_until) = loaded.monitor.open_push().unzip();
            let awaited = Awaited {
                client_id: &account.config.client_id,
                user_id: account.config.account.as_deref().or(loaded.account.as_deref()),
                // While the question is still being asked nobody knows its end, and the machine decides.
                pending_until: pending_until.map(|until| until.unwrap_or_else(|| now.after(LOGIN))),
                now,
            };
            Ok(Some((Notice::read(ask.body.as_bytes(), &awaited), ticket)))
        })??;
        let Some((notice, ticket)) = read else {
            seldom::line("notice_refused", [("reason", "the path is not ours".into())]);
            return Ok(());
        };
        match notice {
            Ok(Notice { access_token, expires_at, .. }) => {
                let handed =
                    self.hand_in(access_token, Source::Approved, false, Some(expires_at), ticket).await;
                handed.map(|_| ())
            }
            Err(error) => {
                seldom::line("notice_refused", [("reason", error.reason().into())]);
                Ok(())
            }
        }
    }
}

/// A verdict in words.
fn judged(loaded: &mut Loaded, verdict: Verdict) -> HandReply {
    let (class, says) = match verdict {
        Verdict::Accepted(stamp) => {
            let token = loaded.monitor.token().filter(|token| token.stamp == stamp);
            let expires_at = token.and_then(|token| token.expires_at).map(Timestamp::as_millis);
            return HandReply::Accepted { place: stamp.into(), expires_at };
        }
        Verdict::Unproven => return HandReply::Unproven,
        Verdict::Refused(class) => (Some(class.as_str().to_owned()), answer::says(class)),
        Verdict::Over => (None, "It has ended already. Log in again and use the new one."),
        Verdict::Foreign => {
            (None, "It belongs to another account. Log in with the account that this service is for.")
        }
        Verdict::Lost => (
            None,
            "It could be used once, and the provider's answer was lost. Log in again and use the new one.",
        ),
        Verdict::Late => (None, "Nobody waits for it any more. Start again."),
        Verdict::Busy => (None, "Too many wait for their proof. Try again in a moment."),
    };
    HandReply::Refused { verdict: verdict.as_str().to_owned(), class, says: says.to_owned() }
}

fn pending(loaded: &mut Loaded) -> Result<Option<Pending>, Fault> {
    let Some(text) = loaded.kept_text(name::LOGIN)? else { return Ok(None) };
    let mut parts = text.expose().split(' ');
    let (until, binding, state) = (parts.next(), parts.next(), parts.next());
    let until = until.and_then(|until| until.parse().ok()).map(Timestamp::from_millis);
    Ok(until.zip(binding).zip(state).map(|((until, binding), state)| Pending {
        until,
        binding: binding.to_owned(),
        state: state.to_owned(),
    }))
}

fn is_before(until: &str) -> bool {
    until.parse().is_ok_and(|until| clock::now() < Timestamp::from_millis(until))
}

fn drawn() -> Result<String, Fault> {
    entropy::bytes::<32>().map(|bytes| base64url::encode(&bytes)).ok_or(Fault::Storage)
}
