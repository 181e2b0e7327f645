//! What a page knows of its user's activity.

use everlit_core::time::{Millis, Timestamp};

/// How long the user has not been active, as far as a page can tell.
///
/// Either clock may have missed something: the monotonic one a sleep, the wall clock anything by being set. The longer of
/// both is believed, from each look at the clocks to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Idle {
    /// As of the last look.
    pub(crate) so_far: Millis,
    looked_at: Option<(Timestamp, Timestamp)>,
}

impl Idle {
    /// Looks at both clocks.
    pub(crate) fn look(&mut self, wall: Timestamp, mono: Timestamp) {
        if let Some((wall_before, mono_before)) = self.looked_at.replace((wall, mono)) {
            self.so_far = self.so_far.plus(wall.since(wall_before).max(mono.since(mono_before)));
        }
    }

    /// The user is active.
    pub(crate) fn input(&mut self, wall: Timestamp, mono: Timestamp) {
        *self = Self { so_far: Millis::ZERO, looked_at: Some((wall, mono)) };
    }

    /// The wall clock was set, and showed this just after.
    pub(crate) const fn clock_set(&mut self, wall: Timestamp, mono: Timestamp) {
        self.looked_at = Some((wall, mono));
    }
}
