//! Names that are given anew when a session is at rest. Requests, errands and tokens are numbered for ever; of two of them it
//! matters only which is older, and of one that nobody holds any more, nothing.

use std::collections::BTreeSet;

use everlit_core::escrow::{Entry, Escrow};
use everlit_core::id::RequestId;
use everlit_core::secret::Secret;
use everlit_core::vault::{Errand, ErrandId, Outbox, Row, Task};

use crate::server::Token;
use crate::world::{Place, Post, Reply, Setup, World, number};

/// Stands for answers of the newest grant that were lost and are of no use to anybody by now.
pub(crate) const USELESS: Token = Token::MAX;

impl World {
    /// The smallest numbers that keep the order.
    pub fn rename(&mut self, setup: &Setup, row: &mut Row) {
        self.rename_requests(row);
        self.rename_errands(row);
        self.rename_tokens(setup, row);
        self.posts.sort_unstable();
    }

    fn rename_requests(&mut self, row: &mut Row) {
        let held: BTreeSet<RequestId> = self.posts.iter().filter_map(Post::request).collect();
        let rank =
            |limit: RequestId| RequestId(held.iter().filter(|request| **request < limit).count() as u32);
        for post in &mut self.posts {
            if let Some(request) = post.request_mut() {
                *request = rank(*request);
            }
        }
        // What became of older requests is never asked again: that there was one is all that counts, and to whom it counts.
        let newest = self.escrow.entry().map_or(RequestId(0), |(newest, _)| rank(newest.next()));
        let last = newest.0.checked_sub(1);
        self.escrow = Escrow::load(last.map(|last| (RequestId(last), Entry::Void)));
        row.first_request = rank(row.first_request);
        row.family_request = rank(row.family_request);
        row.next_request = rank(row.next_request);
    }

    fn rename_errands(&mut self, row: &mut Row) {
        let own = row.outbox.errands().iter().map(|errand| errand.id);
        let held: BTreeSet<ErrandId> = self.posts.iter().filter_map(Post::errand).chain(own).collect();
        let rank = |limit: ErrandId| ErrandId(held.iter().filter(|errand| **errand < limit).count() as u32);
        for post in &mut self.posts {
            if let Some(errand) = post.errand_mut() {
                *errand = rank(*errand);
            }
        }
        let errands =
            row.outbox.errands().iter().map(|errand| Errand { id: rank(errand.id), ..errand.clone() });
        row.outbox = Outbox::load(errands.collect(), rank(row.outbox.next()));
    }

    fn rename_tokens(&mut self, setup: &Setup, row: &mut Row) {
        let errands = row.outbox.errands();
        let written =
            row.refresh_token.iter().chain(errands.iter().filter_map(|errand| errand.task.refresh_token()));
        let held: BTreeSet<Token> =
            self.posts.iter().filter_map(Post::token).chain(written.map(number)).collect();
        let newest = Some(self.server.newest_family());
        let matters = |lost: &Token| *lost == USELESS || self.server.family(*lost) == newest;
        let (newer, older): (Vec<Token>, Vec<Token>) = self.truth.lost.iter().partition(|lost| matters(lost));
        let kept = self.server.forget(setup.kind, self.now, held);
        let renamed = |token: Token| {
            let rank = kept.iter().position(|kept| *kept == token);
            rank.and_then(|rank| Token::try_from(rank).ok()).unwrap_or(USELESS)
        };
        for post in &mut self.posts {
            if let Some(token) = post.token_mut() {
                *token = renamed(*token);
            }
        }
        let errands = errands.iter().map(|errand| {
            let token = errand.task.refresh_token().map_or(USELESS, |token| renamed(number(token)));
            let task = Task::Revoke(Secret::new(format!("r{token}")));
            Errand { task, ..errand.clone() }
        });
        row.outbox = Outbox::load(errands.collect(), row.outbox.next());
        // Each refresh token came with an access token of its number.
        let token = row.refresh_token.as_ref().map_or(0, |token| renamed(number(token)));
        row.access_token = row.access_token.as_ref().map(|_| Secret::new(format!("a{token}")));
        row.refresh_token = row.refresh_token.as_ref().map(|_| Secret::new(format!("r{token}")));
        let older = older.into_iter().map(renamed).filter(|lost| *lost != USELESS);
        self.truth.lost = newer.into_iter().map(renamed).chain(older).collect();
        self.truth.lost.sort_unstable();
        self.truth.lost.dedup();
    }
}

impl Post {
    fn request(&self) -> Option<RequestId> {
        self.clone().request_mut().copied()
    }

    fn request_mut(&mut self) -> Option<&mut RequestId> {
        match self {
            Self::Rotate { request, .. }
            | Self::Told { request, .. }
            | Self::Close { request }
            | Self::Closed { request, .. } => Some(request),
            Self::Revoke { .. } | Self::Revoked { .. } => None,
        }
    }

    fn errand(&self) -> Option<ErrandId> {
        self.clone().errand_mut().copied()
    }

    fn errand_mut(&mut self) -> Option<&mut ErrandId> {
        match self {
            Self::Revoke { errand, .. } | Self::Revoked { errand, .. } => Some(errand),
            Self::Rotate { .. } | Self::Told { .. } | Self::Close { .. } | Self::Closed { .. } => None,
        }
    }

    fn token(&self) -> Option<Token> {
        self.clone().token_mut().copied()
    }

    fn token_mut(&mut self) -> Option<&mut Token> {
        match self {
            Self::Rotate { token, .. } | Self::Revoke { token, .. } => Some(token),
            Self::Told { reply: Reply::Granted { token, .. }, .. }
            | Self::Closed { place: Place::Answered(Reply::Granted { token, .. }), .. } => Some(token),
            Self::Told { .. } | Self::Close { .. } | Self::Closed { .. } | Self::Revoked { .. } => None,
        }
    }
}
