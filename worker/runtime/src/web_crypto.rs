//! The runtime's WebCrypto: it is there already, and a library of ours would be a quarter of the bundle.

use everlit_edge::oidc::Algorithm;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

/// Whether this signature of `input` is the one of this public key.
pub async fn verify(
    jwk: &str,
    algorithm: Algorithm,
    input: &[u8],
    signature: &[u8],
) -> Result<bool, JsValue> {
    let (subtle, parameters) = (subtle()?, parameters(algorithm)?);
    let key = import(&subtle, jwk, &parameters, "verify").await?;
    let (signature, input) = (js_sys::Uint8Array::from(signature), js_sys::Uint8Array::from(input));
    let verdict =
        subtle.verify_with_object_and_js_u8_array_and_js_u8_array(&parameters, &key, &signature, &input)?;
    Ok(JsFuture::from(verdict).await? == JsValue::TRUE)
}

/// The signature of this private key, as a JWS has it.
pub async fn sign(jwk: &str, algorithm: Algorithm, input: &[u8]) -> Result<Vec<u8>, JsValue> {
    let (subtle, parameters) = (subtle()?, parameters(algorithm)?);
    let key = import(&subtle, jwk, &parameters, "sign").await?;
    let input = js_sys::Uint8Array::from(input);
    let signature = subtle.sign_with_object_and_js_u8_array(&parameters, &key, &input)?;
    Ok(js_sys::Uint8Array::new(&JsFuture::from(signature).await?).to_vec())
}

/// A new key pair for ES256, as a private JWK.
pub async fn new_key() -> Result<String, JsValue> {
    let subtle = subtle()?;
    let usages = js_sys::Array::of1(&JsValue::from_str("sign"));
    let made = subtle.generate_key_with_object(&parameters(Algorithm::Es256)?, true, &usages)?;
    let pair = JsFuture::from(made).await?;
    let key: CryptoKey = js_sys::Reflect::get(&pair, &JsValue::from_str("privateKey"))?.dyn_into()?;
    let jwk = JsFuture::from(subtle.export_key("jwk", &key)?).await?;
    Ok(js_sys::JSON::stringify(&jwk)?.into())
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(scope.crypto()?.subtle())
}

async fn import(
    subtle: &SubtleCrypto,
    jwk: &str,
    parameters: &js_sys::Object,
    usage: &str,
) -> Result<CryptoKey, JsValue> {
    let jwk: js_sys::Object = js_sys::JSON::parse(jwk)?.dyn_into()?;
    let usages = js_sys::Array::of1(&JsValue::from_str(usage));
    let imported = subtle.import_key_with_object("jwk", &jwk, parameters, false, &usages)?;
    JsFuture::from(imported).await?.dyn_into()
}

/// One object for every call: what one of them does not know, it ignores.
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
