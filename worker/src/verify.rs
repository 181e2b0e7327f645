//! The signature of an ID Token, checked by the runtime's WebCrypto: it is there already, and a library of ours would be a
//! quarter of the bundle.

use std::rc::Rc;

use everlit_edge::oidc::{
    Algorithm, IdTokenError, Jwk, Jwks, KeyError, LogoutTokenError, ProviderMetadata, UnverifiedIdToken,
    UnverifiedLogoutToken, VerifiedIdToken, VerifiedLogoutToken, parse_id_token,
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
            Self::Key => "none of the provider's keys fits the token",
            Self::NoKeys => "the provider's keys cannot be had",
        }
    }
}

/// Checks that an ID Token was signed by its provider.
pub(crate) async fn id_token(text: &str, provider: &ProviderMetadata) -> Result<VerifiedIdToken, Disbelief> {
    let token = parse_id_token(text).map_err(Disbelief::Token)?;
    let keys = keys_for(&token, provider, Sender::Provider).await?;
    let key = keys.select(&token).map_err(|_| Disbelief::Key)?;
    let verdict = is_signed_by(key, &token).await;
    token.verified_by(key, verdict).map_err(Disbelief::Token)
}

/// Checks that a Logout Token was signed by its provider.
pub(crate) async fn logout_token(
    token: UnverifiedLogoutToken,
    provider: &ProviderMetadata,
) -> Result<VerifiedLogoutToken, &'static str> {
    let keys = keys_for(token.signed(), provider, Sender::Anybody).await.map_err(Disbelief::reason)?;
    let key = keys.select(token.signed()).map_err(|_| Disbelief::Key.reason())?;
    let verdict = is_signed_by(key, token.signed()).await;
    token.verified_by(key, verdict).map_err(LogoutTokenError::reason)
}

/// Who handed us a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// We asked the provider for it.
    Provider,
    /// It was sent to us.
    Anybody,
}

/// The keys to choose from. The provider may have changed its keys since they were read; what anybody sends has them read again once
/// in a while only.
async fn keys_for(
    token: &UnverifiedIdToken,
    provider: &ProviderMetadata,
    from: Sender,
) -> Result<Rc<Jwks>, Disbelief> {
    let keys = discovery::keys(provider).await.map_err(|_| Disbelief::NoKeys)?;
    if keys.select(token) != Err(KeyError::NoMatch) {
        return Ok(keys);
    }
    match from {
        Sender::Anybody if discovery::has_new_keys(provider) => Ok(keys),
        Sender::Anybody | Sender::Provider => {
            discovery::refetched_keys(provider).await.map_err(|_| Disbelief::NoKeys)
        }
    }
}

/// A key that cannot be imported has signed nothing that we can check.
async fn is_signed_by(key: &Jwk, token: &UnverifiedIdToken) -> bool {
    signed_by(key, token.algorithm(), token.signing_input(), token.signature()).await.unwrap_or(false)
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
