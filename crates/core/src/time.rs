//! Time as the machines see it: given, never read.

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(u64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Longer than anything lasts.
    pub const FOREVER: Self = Self(u64::MAX);

    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// So many days of 24 hours.
    #[must_use]
    pub const fn from_days(days: u64) -> Self {
        Self::from_secs(days.saturating_mul(86_400))
    }

    /// The length in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This length, less another; never below zero.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both lengths together.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The given number of hundredths of this length.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn percent(self, hundredths: u8) -> Self {
        // Kept so that the product fits: nothing here lasts for two million years, and a tab has no room for wider numbers.
        const LENGTH_MAX: u64 = u64::MAX >> u8::BITS;
        let length = if self.0 < LENGTH_MAX { self.0 } else { LENGTH_MAX };
        Self(length.wrapping_mul(hundredths as u64) / 100)
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// A length between nothing and this one, chosen evenly by `entropy`.
    #[must_use]
    pub const fn scaled_by(self, entropy: u32) -> Self {
        // 32 bits of entropy as a fraction of one, each half of the length by itself so that neither product overflows.
        let entropy = entropy as u64;
        let high = (self.0 >> u32::BITS).wrapping_mul(entropy);
        let low = (self.0 as u32 as u64).wrapping_mul(entropy) >> u32::BITS;
        Self(high.wrapping_add(low))
    }
}

/// A point in time, in milliseconds since the origin of the clock it was read from.
///
/// The wall clock counts from 1970-01-01T00:00Z, a monotonic clock from wherever its host began. The two are never
/// compared with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A point that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The point that lies so many milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the origin.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point that lies `length` later.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn after(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }

    /// The point that lies `length` earlier.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn before(self, length: Millis) -> Self {
        Self(self.0.saturating_sub(length.0))
    }

    /// How long ago `earlier` was; nothing if it is not earlier.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// How long it is until `later`; nothing if it has passed.
    #[must_use]
    pub const fn until(self, later: Self) -> Millis {
        later.since(self)
    }
}

/// What a driver brings to every step: both clocks, read once, and fresh entropy.
///
/// The monotonic clock must not go backwards between two steps of one machine; the wall clock may, and that is a fact the
/// machine uses. `entropy` is 32 evenly distributed bits; it spreads retries and jitter, it protects no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock. A driver without one (a Durable Object) gives the wall clock here too.
    pub mono: Timestamp,
    /// 32 bits of entropy.
    pub entropy: u32,
}

/// A point in time by both clocks. The default one is as good as none: it lies half a century back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Instant {
    /// By the wall clock.
    pub wall: Timestamp,
    /// By the monotonic clock.
    pub mono: Timestamp,
}

impl Instant {
    /// One that never was.
    pub const NONE: Self = Self { wall: Timestamp(0), mono: Timestamp(0) };
}

impl Moment {
    /// How long ago something was, by the clock that says more: a monotonic clock may have slept, a wall clock may have been
    /// set back.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn ago(&self, then: Instant) -> Millis {
        self.mono.since(then.mono).max(self.wall.since(then.wall))
    }

    /// What the clocks showed so long ago.
    #[must_use]
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub const fn before(&self, length: Millis) -> Instant {
        Instant { wall: self.wall.before(length), mono: self.mono.before(length) }
    }

    /// The point itself.
    #[must_use]
    pub const fn instant(&self) -> Instant {
        self.before(Millis::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_points_saturate_instead_of_wrapping() {
        let end = Timestamp::from_millis(u64::MAX);
        assert_eq!(end.after(Millis::from_secs(1)), end);
        assert_eq!(Timestamp::from_millis(5).before(Millis::from_secs(1)), Timestamp::from_millis(0));
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Millis::ZERO);
        assert_eq!(Millis::from_days(u64::MAX), Millis::from_millis(u64::MAX));
    }

    #[test]
    fn scaling_covers_the_length_and_stays_below_it() {
        let minute = Millis::from_secs(60);
        assert_eq!(minute.scaled_by(0), Millis::ZERO);
        assert_eq!(minute.scaled_by(1 << 31), Millis::from_secs(30));
        assert!(minute.scaled_by(u32::MAX) < minute);
        assert!(Millis::from_millis(u64::MAX).scaled_by(u32::MAX) < Millis::from_millis(u64::MAX));
    }
}
