//! Names for sessions, tokens, requests and calls.

/// Which login a session belongs to: the Worker's wall clock in milliseconds when it was committed.
///
/// A login after a logout, or by another user, has a greater epoch than the one before, whatever the clock says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Which token of a login this is: one at login, one more at every rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

impl Generation {
    /// The generation that a login begins with.
    pub const FIRST: Self = Self(1);

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The total order that decides every race: newest wins, a late loser is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The login. Compared first.
    pub epoch: Epoch,
    /// The token within the login.
    pub generation: Generation,
}

impl Stamp {
    /// Whether this is a later token of the same login, and not by more rotations than anybody can have missed.
    #[must_use]
    pub const fn is_ahead_of(self, other: Self) -> bool {
        const MISSED_MAX: u32 = 1_000_000;
        let ahead = self.generation.0.saturating_sub(other.generation.0);
        self.epoch.0 == other.epoch.0 && 0 < ahead && ahead < MISSED_MAX
    }

    /// The stamp after a rotation.
    #[must_use]
    pub const fn rotated(self) -> Self {
        Self { epoch: self.epoch, generation: self.generation.next() }
    }
}

/// Names one request of a machine, so that its answer can be told from a late one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

impl RequestId {
    /// The name for the request after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// Names one question to a vault, wherever it is repeated on its way: the op id of the wire, as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// Names what an access token is asked for other than all that the login was granted: a scope within that, and perhaps a resource
/// (RFC 6749, section 6; RFC 8707). A digest of both, so that another scope under the same name is another aim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aim(pub u64);

/// Names one call of the app, made with `session.fetch`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// Names one caller of a vault: a request that is being answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId(pub u64);

/// Names one run of a rotator: drawn at random, so that a claim that is repeated can be told from another's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RotatorId(pub u64);
