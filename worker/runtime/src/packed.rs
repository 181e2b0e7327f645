//! What our own objects say to each other, in few bytes and with little code: member after member, without names.
//!
//! Nothing of it is kept, and both sides are the same release: which one it is the host of the call says ([`crate::log::host`]). What is
//! kept in rows is JSON, which a later release can read.
//!
//! A number is 8 bytes, the lowest first; a text and a list begin with their length, and what may be missing and what is one of several
//! with a byte that says which. Reading has one failure, which is asked for at the end: to ask after each member makes the code twice as long.

use js_sys::Uint8Array;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasm_bindgen::JsValue;
use web_sys::{Request, Response, ResponseInit};

use crate::body;

/// What can be said.
pub trait Packed: Sized {
    /// Writes it behind what there is.
    fn pack(&self, into: &mut Vec<u8>);
    /// Reads it. What is read of a broken packet means nothing, and [`read`] does not give it away.
    fn unpack(from: &mut Packet<'_>) -> Self;
}

/// Bytes to read from, and whether all was there so far.
pub struct Packet<'a> {
    rest: &'a [u8],
    is_broken: bool,
}

impl<'a> Packet<'a> {
    /// Says that it is none that was written here.
    pub fn fail(&mut self) {
        self.is_broken = true;
        self.rest = &[];
    }

    /// One byte.
    #[inline(never)]
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    #[inline(never)]
    fn bytes(&mut self, length: usize) -> &'a [u8] {
        if let Some((bytes, rest)) = self.rest.split_at_checked(length) {
            self.rest = rest;
            return bytes;
        }
        self.fail();
        &[]
    }

    #[inline(never)]
    fn number(&mut self) -> u64 {
        self.bytes(8).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A length. What has fewer bytes than members was not written here.
    #[inline(never)]
    fn length(&mut self) -> usize {
        let length = usize::try_from(self.number()).unwrap_or(usize::MAX);
        if length > self.rest.len() {
            self.fail();
            return 0;
        }
        length
    }

    #[inline(never)]
    fn text(&mut self) -> String {
        let length = self.length();
        match core::str::from_utf8(self.bytes(length)) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.fail();
                String::new()
            }
        }
    }
}

#[inline(never)]
fn pack_number(number: u64, into: &mut Vec<u8>) {
    into.extend_from_slice(&number.to_le_bytes());
}

#[inline(never)]
fn pack_bytes(bytes: &[u8], into: &mut Vec<u8>) {
    pack_number(bytes.len() as u64, into);
    into.extend_from_slice(bytes);
}

impl Packed for u64 {
    fn pack(&self, into: &mut Vec<u8>) {
        pack_number(*self, into);
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        from.number()
    }
}

/// Of numbers that are shorter where they are kept than where they are said.
macro_rules! narrow {
    ($($number:ty),*) => {$(
        impl Packed for $number {
            fn pack(&self, into: &mut Vec<u8>) {
                pack_number(*self as u64, into);
            }

            fn unpack(from: &mut Packet<'_>) -> Self {
                Self::try_from(from.number()).unwrap_or(Self::MAX)
            }
        }
    )*};
}

narrow!(u32, usize);

impl Packed for bool {
    fn pack(&self, into: &mut Vec<u8>) {
        into.push(u8::from(*self));
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        from.byte() != 0
    }
}

impl Packed for String {
    fn pack(&self, into: &mut Vec<u8>) {
        pack_bytes(self.as_bytes(), into);
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        from.text()
    }
}

impl Packed for u8 {
    fn pack(&self, into: &mut Vec<u8>) {
        into.push(*self);
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        from.byte()
    }
}

/// Of a fixed length, which is not said.
impl<const N: usize> Packed for [u8; N] {
    fn pack(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self);
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        from.bytes(N).try_into().unwrap_or([0; N])
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        into.push(u8::from(self.is_some()));
        if let Some(some) = self {
            some.pack(into);
        }
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        (from.byte() != 0).then(|| T::unpack(from))
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        pack_number(self.len() as u64, into);
        for one in self {
            one.pack(into);
        }
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        (0..from.length()).map_while(|_| (!from.is_broken).then(|| T::unpack(from))).collect()
    }
}

impl<T: Packed> Packed for Box<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        T::pack(self, into);
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        Self::new(T::unpack(from))
    }
}

/// What is said in JSON all the same, where few bytes do not matter; nothing where it cannot be said.
pub struct Json<T>(pub Option<T>);

impl Json<Value> {
    /// Says this.
    pub fn of(said: &impl Serialize) -> Self {
        Self(serde_json::to_value(said).ok())
    }
}

impl<T: Serialize + DeserializeOwned> Packed for Json<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        if let Some(said) = &self.0 {
            into.extend(serde_json::to_vec(said).unwrap_or_default());
        }
    }

    fn unpack(from: &mut Packet<'_>) -> Self {
        let said = serde_json::from_slice(from.bytes(from.rest.len())).ok();
        if said.is_none() {
            from.fail();
        }
        Self(said)
    }
}

/// How structures are said: their members, in this order.
#[macro_export]
macro_rules! packed {
    ($($name:ty { $($member:ident),* $(,)? })*) => {$(
        impl $crate::packed::Packed for $name {
            #[allow(unused_variables, reason = "one has nothing to say")]
            fn pack(&self, into: &mut Vec<u8>) {
                $(self.$member.pack(into);)*
            }

            #[allow(unused_variables, reason = "one has nothing to say")]
            fn unpack(from: &mut $crate::packed::Packet<'_>) -> Self {
                Self { $($member: $crate::packed::Packed::unpack(from)),* }
            }
        }
    )*};
}

/// How one of several is said: which, and its members. What is neither of them is the last, and no answer.
#[macro_export]
macro_rules! packed_choice {
    ($name:ident, else $other:expr; $($which:literal => $variant:ident $(($one:ident))? $({ $($member:ident),* })?),* $(,)?) => {
        impl $crate::packed::Packed for $name {
            fn pack(&self, into: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($one))? $({ $($member),* })? => {
                        into.push($which);
                        $($one.pack(into);)?
                        $($($member.pack(into);)*)?
                    })*
                }
            }

            fn unpack(from: &mut $crate::packed::Packet<'_>) -> Self {
                match from.byte() {
                    $($which => Self::$variant
                        $(({ let $one = $crate::packed::Packed::unpack(from); $one }))?
                        $({ $($member: $crate::packed::Packed::unpack(from)),* })?,)*
                    _ => {
                        from.fail();
                        $other
                    }
                }
            }
        }
    };
}

// The shape is wire's, and wire knows nothing of this.
packed! {
    everlit_wire::User { sub, name, email }
}

/// What was said; nothing where it was not said here.
pub fn read<T: Packed>(bytes: &[u8]) -> Option<T> {
    let mut from = Packet { rest: bytes, is_broken: false };
    let read = T::unpack(&mut from);
    (!from.is_broken && from.rest.is_empty()).then_some(read)
}

/// What is to be said, as the runtime wants it.
pub fn written(message: &impl Packed) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.pack(&mut bytes);
    bytes
}

/// What an object was told, in a body that is no longer than this; or the status that refuses it.
pub async fn told<T: Packed>(request: &Request, limit: usize) -> Result<T, u16> {
    let bytes = body::read(request.body(), limit).await.map_err(|_| 400_u16)?;
    read(&bytes).ok_or(400)
}

/// What an object answers, or the status that stands for no answer.
pub fn answer(answer: &Result<impl Packed, u16>) -> Result<Response, JsValue> {
    respond(answer.as_ref().map(written).map_err(|status| *status))
}

/// No answer.
pub fn refused(status: u16) -> Result<Response, JsValue> {
    respond(Err(status))
}

/// An answer that was written before.
pub fn respond(answer: Result<Vec<u8>, u16>) -> Result<Response, JsValue> {
    match answer {
        Ok(bytes) => Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(bytes.as_slice()))),
        Err(status) => {
            let init = ResponseInit::new();
            init.set_status(status);
            Response::new_with_opt_str_and_init(None, &init)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Whole {
        number: u64,
        short: u32,
        text: String,
        names: Vec<[u8; 2]>,
        one: Option<Choice>,
        yes: bool,
    }

    #[derive(Debug, PartialEq)]
    enum Choice {
        Nothing,
        One(Box<String>),
        Two { first: u64, second: Option<String> },
    }

    packed! {
        Whole { number, short, text, names, one, yes }
    }

    packed_choice! { Choice, else Self::Nothing; 0 => Nothing, 1 => One(one), 2 => Two { first, second } }

    fn whole(one: Option<Choice>) -> Whole {
        Whole {
            number: u64::MAX - 1,
            short: 7,
            text: "ü".into(),
            names: vec![[1, 2], [3, 4]],
            one,
            yes: true,
        }
    }

    fn choices() -> [Option<Choice>; 4] {
        let two = Choice::Two { first: 9, second: Some(String::new()) };
        [None, Some(Choice::Nothing), Some(Choice::One(Box::new("x".into()))), Some(two)]
    }

    #[test]
    fn what_is_said_is_heard() {
        for one in choices() {
            let said = whole(one);
            assert_eq!(read::<Whole>(&written(&said)), Some(said));
        }
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_not_heard() {
        for one in choices() {
            let bytes = written(&whole(one));
            for length in 0..bytes.len() {
                assert_eq!(read::<Whole>(&bytes[..length]), None, "{length} of {}", bytes.len());
            }
            assert_eq!(read::<Whole>(&[bytes.as_slice(), &[0]].concat()), None);
        }
    }

    #[test]
    fn what_is_said_in_json_is_heard_too() {
        let said = Json::of(&["a", "b"]);
        let bytes = written(&said);
        assert_eq!(bytes, br#"["a","b"]"#);
        assert_eq!(
            read::<Json<Vec<String>>>(&bytes).and_then(|heard| heard.0),
            Some(vec!["a".into(), "b".into()])
        );
        assert!(read::<Json<Vec<String>>>(b"{").is_none() && read::<Json<Value>>(b"").is_none());
    }

    #[test]
    fn a_choice_that_nobody_knows_and_a_length_of_nothing_are_not_heard() {
        assert_eq!(read::<Choice>(&[0]), Some(Choice::Nothing));
        assert_eq!(read::<Choice>(&[3]), None);
        assert_eq!(read::<Vec<u64>>(&u64::MAX.to_le_bytes()), None);
        assert_eq!(read::<String>(&[1, 0, 0, 0, 0, 0, 0, 0, 0xff]), None);
        assert_eq!(read::<String>(b"{\"reauth_required\":{}}"), None);
    }
}
