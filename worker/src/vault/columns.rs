//! The columns that hold several values: an orphan, the outbox, the outcomes.

use everlit_core::id::{Aim, Generation, RequestId};
use everlit_core::secret::{AccessToken, RefreshToken};
use everlit_core::time::{Millis, Timestamp};
use everlit_core::vault::{
    Access, Aimed, Errand, ErrandId, Intent, Orphan, Outbox, Row, Tally, Target, Task,
};
use serde::{Deserialize, Serialize};

use super::message::LinkText;

#[derive(Serialize, Deserialize)]
struct OrphanText {
    request: u32,
    armed_at: u64,
    again: bool,
    revoke: bool,
}

#[derive(Serialize, Deserialize)]
struct OutboxText {
    next: u32,
    errands: Vec<ErrandText>,
}

#[derive(Serialize, Deserialize)]
struct ErrandText {
    id: u32,
    /// Empty where a link is to be ended: a release that knows of none has nothing revoked then.
    refresh_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<LinkText>,
    /// Of a link: whether other sessions of the user go on.
    #[serde(default)]
    others_go_on: bool,
    since: u64,
    tries: u32,
    due_at: u64,
}

/// A token request that the session went on without, as JSON.
pub(super) fn orphan_text(orphan: Orphan) -> String {
    let Orphan { intent: Intent { request, armed_at, again, .. }, revoke } = orphan;
    let text = OrphanText { request: request.0, armed_at: armed_at.as_millis(), again, revoke };
    serde_json::to_string(&text).unwrap_or_default()
}

/// What [`orphan_text`] wrote.
pub(super) fn read_orphan(text: &str) -> Option<Orphan> {
    let OrphanText { request, armed_at, again, revoke } = serde_json::from_slice(text.as_bytes()).ok()?;
    let (request, armed_at) = (RequestId(request), Timestamp::from_millis(armed_at));
    // What it brings says itself what it is for.
    Some(Orphan { intent: Intent { request, armed_at, again, aim: None }, revoke })
}

/// Tokens for less than all of the grant, and the generation that the grant's own came with.
#[derive(Serialize, Deserialize)]
struct AimedText {
    own: u32,
    list: Vec<AimedOne>,
}

#[derive(Serialize, Deserialize)]
struct AimedOne {
    aim: u64,
    scope: String,
    token: Option<String>,
    expires_at: u64,
    lifetime: u64,
    made_at: u32,
    failures: u32,
    not_before: u64,
}

/// What is known of tokens for less than all of the grant, as JSON that is to be sealed; nothing where there never were any.
pub(super) fn aimed_json(row: &Row) -> Option<Vec<u8>> {
    if row.aimed.is_empty() {
        return None;
    }
    let one = |aimed: &Aimed| {
        let access = aimed.access.as_ref();
        AimedOne {
            aim: aimed.target.aim.0,
            scope: aimed.target.scope.clone(),
            token: access.map(|access| access.token.expose().clone()),
            expires_at: access.map_or(0, |access| access.expires_at.as_millis()),
            lifetime: access.map_or(0, |access| access.lifetime.as_millis()),
            made_at: access.map_or(0, |access| access.made_at.0),
            failures: aimed.failures,
            not_before: aimed.not_before.as_millis(),
        }
    };
    let text = AimedText { own: row.access_made_at.0, list: row.aimed.iter().map(one).collect() };
    serde_json::to_vec(&text).ok()
}

/// What [`aimed_json`] wrote.
pub(super) fn read_aimed(json: &[u8]) -> Option<(Generation, Vec<Aimed>)> {
    let AimedText { own, list } = serde_json::from_slice(json).ok()?;
    let one = |text: AimedOne| Aimed {
        target: Target { aim: Aim(text.aim), scope: text.scope },
        access: text.token.map(|token| Access {
            token: AccessToken::new(token),
            expires_at: Timestamp::from_millis(text.expires_at),
            lifetime: Millis::from_millis(text.lifetime),
            made_at: Generation(text.made_at),
        }),
        failures: text.failures,
        not_before: Timestamp::from_millis(text.not_before),
    };
    Some((Generation(own), list.into_iter().map(one).collect()))
}

/// What is to be revoked, as JSON that is to be sealed; nothing where nothing ever was.
pub(super) fn outbox_json(outbox: &Outbox) -> Option<Vec<u8>> {
    if outbox.errands().is_empty() && outbox.next() == ErrandId::default() {
        return None;
    }
    let errand = |errand: &Errand| ErrandText {
        id: errand.id.0,
        refresh_token: errand.task.refresh_token().map(|token| token.expose().clone()).unwrap_or_default(),
        link: match &errand.task {
            Task::EndLink { link, .. } => Some(link.into()),
            Task::Revoke(_) => None,
        },
        others_go_on: matches!(errand.task, Task::EndLink { others_go_on: true, .. }),
        since: errand.since.as_millis(),
        tries: errand.tries,
        due_at: errand.due_at.as_millis(),
    };
    let text = OutboxText { next: outbox.next().0, errands: outbox.errands().iter().map(errand).collect() };
    serde_json::to_vec(&text).ok()
}

/// What [`outbox_json`] wrote.
pub(super) fn read_outbox(json: &[u8]) -> Option<Outbox> {
    let OutboxText { next, errands } = serde_json::from_slice(json).ok()?;
    let errand = |text: ErrandText| Errand {
        id: ErrandId(text.id),
        task: match text.link {
            Some(link) => Task::EndLink { link: link.into(), others_go_on: text.others_go_on },
            None => Task::Revoke(RefreshToken::new(text.refresh_token)),
        },
        since: Timestamp::from_millis(text.since),
        tries: text.tries,
        due_at: Timestamp::from_millis(text.due_at),
    };
    Some(Outbox::load(errands.into_iter().map(errand).collect(), ErrandId(next)))
}

/// One number for each outcome, in the order of `Outcome::ALL`.
pub(super) fn tally_text(tally: &Tally) -> String {
    tally.iter().map(|(_, count)| count.to_string()).collect::<Vec<_>>().join(",")
}

/// What [`tally_text`] wrote. An outcome that is not in it never came.
pub(super) fn read_tally(text: &str) -> Tally {
    let mut written = text.split(',').map(|count| count.parse().unwrap_or_default());
    Tally::load(std::array::from_fn(|_| written.next().unwrap_or_default()))
}
