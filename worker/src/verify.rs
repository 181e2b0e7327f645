//! The signature of an ID Token, checked by the runtime's WebCrypto: it is there already, and a library of ours would be a
//! quarter of the bundle.

use everlit_edge::oidc::{
    Algorithm, IdTokenError, Jwk, KeyError, ProviderMetadata, VerifiedIdToken, parse_id_token,
};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

use crate::discovery;

/// Why an ID Token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disbelief {
    /// It is not what it must be.
    Token(IdTokenError),
    /// None of the provider's keys is the one it names.
    Key,
    /// The provider's keys cannot be had.
    NoKeys,
}

impl Disbelief {
    /// The reason in words, for a log.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::Key => "none of the provider's keys fits the ID Token",
            Self::NoKeys => "the provider's keys cannot be had",
        }
    }
}

/// Checks that an ID Token was signed by its provider.
pub(crate) async fn id_token(text: &str, provider: &ProviderMetadata) -> Result<VerifiedIdToken, Disbelief> {
    let token = parse_id_token(text).map_err(Disbelief::Token)?;
    let mut keys = discovery::keys(provider).await.map_err(|_| Disbelief::NoKeys)?;
    if keys.select(&token) == Err(KeyError::NoMatch) {
        // The provider may have changed its keys since. Once is enough: an ID Token comes from the provider, not from a guest.
        keys = discovery::refetched_keys(provider).await.map_err(|_| Disbelief::NoKeys)?;
    }
    let key = keys.select(&token).map_err(|_| Disbelief::Key)?;
    // A key that cannot be imported has signed nothing that we can check.
    let verdict =
        signed_by(key, token.algorithm(), token.signing_input(), token.signature()).await.unwrap_or(false);
    token.verified_by(key, verdict).map_err(Disbelief::Token)
}

async fn signed_by(key: &Jwk, algorithm: Algorithm, input: &[u8], signature: &[u8]) -> Result<bool, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto()?.subtle();
    let parameters = parameters(algorithm)?;
    let key = import(&subtle, key, &parameters).await?;
    let (signature, input) = (js_sys::Uint8Array::from(signature), js_sys::Uint8Array::from(input));
    let verdict =
        subtle.verify_with_object_and_js_u8_array_and_js_u8_array(&parameters, &key, &signature, &input)?;
    Ok(JsFuture::from(verdict).await? == JsValue::TRUE)
}

async fn import(subtle: &SubtleCrypto, key: &Jwk, parameters: &js_sys::Object) -> Result<CryptoKey, JsValue> {
    let jwk: js_sys::Object = js_sys::JSON::parse(&key.public_json())?.dyn_into()?;
    let usages = js_sys::Array::of1(&JsValue::from_str("verify"));
    let imported = subtle.import_key_with_object("jwk", &jwk, parameters, false, &usages)?;
    JsFuture::from(imported).await?.dyn_into()
}

/// One object for both calls: what one of them does not know, it ignores.
fn parameters(algorithm: Algorithm) -> Result<js_sys::Object, JsValue> {
    let wanted = algorithm.web_crypto();
    let parameters = js_sys::Object::new();
    let set = |name: &str, value: Option<JsValue>| match value {
        Some(value) => js_sys::Reflect::set(&parameters, &JsValue::from_str(name), &value).map(|_| ()),
        None => Ok(()),
    };
    set("name", Some(wanted.name.into()))?;
    set("hash", wanted.hash.map(JsValue::from_str))?;
    set("namedCurve", wanted.named_curve.map(JsValue::from_str))?;
    set("saltLength", wanted.salt_length.map(JsValue::from))?;
    Ok(parameters)
}
