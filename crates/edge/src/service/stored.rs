//! How a record is kept: as JSON, by the names of its members, so that a later version reads what an earlier one wrote. A member that
//! is not there is as it is by default; one that cannot be understood fails the whole record, as half of one would be a lie.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use everlit_core::id::{Epoch, Generation, RequestId, Stamp};
use everlit_core::rate::Gcra;
use everlit_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

/// Something that can be kept.
pub(super) trait Stored: Sized {
    fn to_value(&self) -> Value;
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! numbers {
    ($($kind:ty),+) => {$(
        impl Stored for $kind {
            fn to_value(&self) -> Value {
                Value::from(*self)
            }
            fn from_value(value: &Value) -> Option<Self> {
                value.as_u64()?.try_into().ok()
            }
        }
    )+};
}
numbers!(u32, u64, u8);

impl Stored for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Stored for String {
    fn to_value(&self) -> Value {
        Value::String(self.clone())
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_string)
    }
}

impl Stored for Millis {
    fn to_value(&self) -> Value {
        Value::from(self.as_millis())
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_u64().map(Self::from_millis)
    }
}

impl Stored for Timestamp {
    fn to_value(&self) -> Value {
        Value::from(self.as_millis())
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_u64().map(Self::from_millis)
    }
}

impl Stored for RequestId {
    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
    fn from_value(value: &Value) -> Option<Self> {
        u32::from_value(value).map(Self)
    }
}

impl Stored for Stamp {
    fn to_value(&self) -> Value {
        Value::from([self.epoch.0, self.generation.0.into()].as_slice())
    }
    fn from_value(value: &Value) -> Option<Self> {
        let [epoch, generation] = value.as_array()?.as_slice() else { return None };
        Some(Self { epoch: Epoch(epoch.as_u64()?), generation: Generation(u32::from_value(generation)?) })
    }
}

impl Stored for Gcra {
    fn to_value(&self) -> Value {
        Value::from(self.paid_at())
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_u64().map(Self::restored)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Stored::to_value)
    }
    fn from_value(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_value(value).map(Some) }
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn to_value(&self) -> Value {
        Value::Array(self.iter().map(Stored::to_value).collect())
    }
    fn from_value(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_value).collect()
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn to_value(&self) -> Value {
        Value::Array(alloc::vec![self.0.to_value(), self.1.to_value()])
    }
    fn from_value(value: &Value) -> Option<Self> {
        let [first, second] = value.as_array()?.as_slice() else { return None };
        Some((A::from_value(first)?, B::from_value(second)?))
    }
}

/// Puts a member into a record, unless it says nothing.
pub(super) fn put(map: &mut Map<String, Value>, name: &str, value: Value) {
    let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if !is_nothing {
        map.insert(name.to_string(), value);
    }
}

/// A member of a record. What is not there is nothing, or no list.
pub(super) fn take<T: Stored>(map: &Map<String, Value>, name: &str) -> Option<T> {
    match map.get(name) {
        Some(value) => T::from_value(value),
        None => T::from_value(&Value::Null).or_else(|| T::from_value(&Value::Array(Vec::new()))),
    }
}

/// One that was added later: where it is not there, it is as by default.
pub(super) fn take_later<T: Stored + Default>(map: &Map<String, Value>, name: &str) -> Option<T> {
    map.get(name).map_or_else(|| Some(T::default()), T::from_value)
}

/// A record whose members are kept by their names. Those after `or default` were added later: without them, they are as by default.
macro_rules! record {
    ($kind:ident { $($member:ident),+ $(,)? } $(or default { $($later:ident),+ })?) => {
        impl Stored for $kind {
            fn to_value(&self) -> serde_json::Value {
                let Self { $($member),+ $(, $($later),+)? } = self;
                let mut map = serde_json::Map::new();
                $(put(&mut map, stringify!($member), Stored::to_value($member));)+
                $($(put(&mut map, stringify!($later), Stored::to_value($later));)+)?
                serde_json::Value::Object(map)
            }
            fn from_value(value: &serde_json::Value) -> Option<Self> {
                let map = value.as_object()?;
                Some(Self {
                    $($member: take(map, stringify!($member))?,)+
                    $($($later: take_later(map, stringify!($later))?,)+)?
                })
            }
        }
    };
}

/// One of several words.
macro_rules! words {
    ($kind:ident: $all:expr) => {
        impl Stored for $kind {
            fn to_value(&self) -> serde_json::Value {
                serde_json::Value::from(self.as_str())
            }
            fn from_value(value: &serde_json::Value) -> Option<Self> {
                let word = value.as_str()?;
                $all.into_iter().find(|known: &Self| known.as_str() == word)
            }
        }
    };
}

pub(super) use {record, words};
