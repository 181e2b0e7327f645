use everlit_core::time::{Millis, Timestamp};

/// A duration on the wire: a number of seconds, to the millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub Millis);

/// A point in time on the wire: Unix seconds, to the millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(pub Timestamp);

#[cfg(feature = "serde")]
mod json {
    use serde::de::{self, Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    use super::{Millis, NumericDate, Seconds, Timestamp};

    /// The largest integer that a JSON number carries everywhere (RFC 8259, section 6), in thousandths.
    const MILLIS_MAX: f64 = 9_007_199_254_740_991.0;

    fn serialize<S: Serializer>(millis: u64, serializer: S) -> Result<S::Ok, S::Error> {
        // Whole seconds stay whole: `60`, not `60.0`.
        if millis.is_multiple_of(1_000) {
            serializer.serialize_u64(millis / 1_000)
        } else {
            serializer.serialize_f64(millis as f64 / 1_000.0)
        }
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let millis = f64::deserialize(deserializer)? * 1_000.0 + 0.5;
        if (0.0..=MILLIS_MAX).contains(&millis) {
            Ok(millis as u64)
        } else {
            Err(de::Error::custom("expected a number of seconds, zero or more"))
        }
    }

    impl Serialize for Seconds {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serialize(self.0.as_millis(), serializer)
        }
    }

    impl<'de> Deserialize<'de> for Seconds {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserialize(deserializer).map(|millis| Self(Millis::from_millis(millis)))
        }
    }

    impl Serialize for NumericDate {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serialize(self.0.as_millis(), serializer)
        }
    }

    impl<'de> Deserialize<'de> for NumericDate {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserialize(deserializer).map(|millis| Self(Timestamp::from_millis(millis)))
        }
    }
}
