//! The discovery document (OpenID Connect Discovery, section 3; RFC 8414).

use alloc::string::{String, ToString as _};

use serde_json::{Map, Value};

use crate::url::HttpUrl;

/// The longest document that is read.
const MAX_BODY: usize = 256 * 1_024;

/// Where the discovery document of an issuer is.
#[must_use]
pub fn discovery_url(issuer: &str) -> String {
    // Discovery, section 4: a slash at the end of the issuer is removed first.
    alloc::format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// What we use of a provider's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// The issuer, which is the one that was asked for.
    pub issuer: String,
    /// Where the browser is sent.
    pub authorization_endpoint: HttpUrl,
    /// Where tokens are asked for.
    pub token_endpoint: HttpUrl,
    /// Where its keys are.
    pub jwks_uri: HttpUrl,
    /// Where tokens are revoked, if anywhere.
    pub revocation_endpoint: Option<HttpUrl>,
    /// Where the browser is sent to be logged out there, if anywhere (OpenID Connect RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<HttpUrl>,
    /// Where authorization requests are pushed, if anywhere (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<HttpUrl>,
    /// Whether it takes no others.
    pub requires_pushed_authorization_requests: bool,
    /// Whether it binds tokens to a key that signs with ES256 (RFC 9449).
    pub binds_tokens: bool,
    /// Whether it names itself in every authorization response (RFC 9207).
    pub issuer_names_itself: bool,
}

/// Why a discovery document is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataError {
    /// It is not a JSON object, or too long.
    NotJson,
    /// It is another issuer's.
    WrongIssuer,
    /// The endpoint of this name is missing, not a URL, or not encrypted.
    Endpoint(&'static str),
    /// It says that it does not know the authorization code flow with PKCE by S256.
    NoPkce,
}

impl MetadataError {
    /// The reason in words, for a log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotJson => "the discovery document is not a JSON object",
            Self::WrongIssuer => "the discovery document is another issuer's",
            Self::Endpoint(name) => name,
            Self::NoPkce => "the provider does not support PKCE with S256",
        }
    }
}

impl ProviderMetadata {
    /// Reads the discovery document of `issuer`.
    ///
    /// # Errors
    ///
    /// A [`MetadataError`].
    ///
    /// # Spec
    ///
    /// [_OpenID Connect Discovery § 4.3_](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation):
    /// the `issuer` must be the one that was asked for, character by character.
    pub fn parse(body: &[u8], issuer: &str) -> Result<Self, MetadataError> {
        let document: Map<String, Value> = Some(body)
            .filter(|body| body.len() <= MAX_BODY)
            .and_then(|body| serde_json::from_slice(body).ok())
            .ok_or(MetadataError::NotJson)?;
        if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(MetadataError::WrongIssuer);
        }
        // Only an issuer on this machine may point to this machine: from elsewhere it would be a way into it.
        let here = HttpUrl::parse(issuer).is_some_and(|url| url.origin().is_loopback());
        let optional = |name: &'static str| match document.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_str()
                .and_then(HttpUrl::parse)
                .filter(|url| here || !url.origin().is_loopback())
                .map(Some)
                .ok_or(MetadataError::Endpoint(name)),
        };
        let is = |name: &str| document.get(name) == Some(&Value::Bool(true));
        let lists = |name: &str, wanted: &str| {
            let values = document.get(name).and_then(Value::as_array);
            values.into_iter().flatten().any(|value| value == wanted)
        };
        let required = |name| optional(name)?.ok_or(MetadataError::Endpoint(name));
        // RFC 8414, section 2: a server that leaves the list out does not support PKCE. Many leave it out and do; only one
        // that lists methods without S256 is believed. The nonce protects the code in any case (RFC 9700, section 2.1.1).
        let methods = document.get("code_challenge_methods_supported").and_then(Value::as_array);
        if methods.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(MetadataError::NoPkce);
        }
        Ok(Self {
            issuer: issuer.to_string(),
            authorization_endpoint: required("authorization_endpoint")?,
            token_endpoint: required("token_endpoint")?,
            jwks_uri: required("jwks_uri")?,
            revocation_endpoint: optional("revocation_endpoint")?,
            // One that cannot be used is none: a login does without it.
            end_session_endpoint: optional("end_session_endpoint").unwrap_or_default(),
            pushed_authorization_request_endpoint: optional("pushed_authorization_request_endpoint")?,
            requires_pushed_authorization_requests: is("require_pushed_authorization_requests"),
            binds_tokens: lists("dpop_signing_alg_values_supported", "ES256"),
            issuer_names_itself: is("authorization_response_iss_parameter_supported"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({
            "issuer": "https://as.example/t",
            "authorization_endpoint": "https://as.example/t/auth",
            "token_endpoint": "https://as.example/t/token",
            "jwks_uri": "https://keys.example/t",
            "revocation_endpoint": "https://as.example/t/revoke",
            "authorization_response_iss_parameter_supported": true,
            "pushed_authorization_request_endpoint": "https://as.example/t/par",
            "require_pushed_authorization_requests": true,
            "dpop_signing_alg_values_supported": ["RS256", "ES256"],
            "code_challenge_methods_supported": ["plain", "S256"],
        })
    }

    fn parse(document: &Value, issuer: &str) -> Result<ProviderMetadata, MetadataError> {
        ProviderMetadata::parse(document.to_string().as_bytes(), issuer)
    }

    #[test]
    fn a_good_document_is_read() {
        let metadata = parse(&document(), "https://as.example/t").unwrap();
        assert_eq!(metadata.token_endpoint.to_string(), "https://as.example/t/token");
        assert_eq!(
            metadata.revocation_endpoint.map(|url| url.to_string()).as_deref(),
            Some("https://as.example/t/revoke")
        );
        assert!(
            metadata.binds_tokens
                && metadata.issuer_names_itself
                && metadata.requires_pushed_authorization_requests
        );
        let pushed = metadata.pushed_authorization_request_endpoint.map(|url| url.to_string());
        assert_eq!(pushed.as_deref(), Some("https://as.example/t/par"));
        assert_eq!(
            discovery_url("https://as.example/t/"),
            "https://as.example/t/.well-known/openid-configuration"
        );
    }

    #[test]
    fn another_issuer_is_refused_to_the_last_character() {
        for issuer in ["https://as.example/t/", "https://as.example", "https://evil.example/t", ""] {
            assert_eq!(parse(&document(), issuer), Err(MetadataError::WrongIssuer), "{issuer}");
        }
    }

    #[test]
    fn endpoints_must_be_there_and_encrypted() {
        for (field, value) in [
            ("token_endpoint", json!(null)),
            ("token_endpoint", json!("http://as.example/t/token")),
            ("token_endpoint", json!("/t/token")),
            ("token_endpoint", json!("https://user@as.example/t/token")),
            ("token_endpoint", json!(7)),
            ("token_endpoint", json!("http://127.0.0.1/token")),
            ("jwks_uri", json!("https://localhost/keys")),
            ("revocation_endpoint", json!("ftp://as.example")),
            ("pushed_authorization_request_endpoint", json!("http://as.example/t/par")),
        ] {
            let mut document = document();
            document[field] = value.clone();
            assert_eq!(
                parse(&document, "https://as.example/t"),
                Err(MetadataError::Endpoint(field)),
                "{field} {value}"
            );
        }
        let local = document().to_string().replace("https://as.example", "http://127.0.0.1:9000");
        assert!(ProviderMetadata::parse(local.as_bytes(), "http://127.0.0.1:9000/t").is_ok());
    }

    #[test]
    fn an_end_session_endpoint_that_cannot_be_used_is_none() {
        for (value, expected) in [
            (json!("https://as.example/t/end?x=1"), Some("https://as.example/t/end?x=1")),
            (json!("http://as.example/t/end"), None),
            (json!("http://127.0.0.1/end"), None),
            (json!("javascript:alert(1)"), None),
            (json!(7), None),
            (json!(null), None),
        ] {
            let mut document = document();
            document["end_session_endpoint"] = value.clone();
            let read = parse(&document, "https://as.example/t").unwrap().end_session_endpoint;
            assert_eq!(read.map(|url| url.to_string()).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn a_provider_without_s256_is_refused() {
        let mut without = document();
        without["code_challenge_methods_supported"] = json!(["plain"]);
        assert_eq!(parse(&without, "https://as.example/t"), Err(MetadataError::NoPkce));
        without.as_object_mut().unwrap().remove("code_challenge_methods_supported");
        assert!(parse(&without, "https://as.example/t").is_ok());
    }

    #[test]
    fn html_is_no_document() {
        for body in ["<html>", "[]", "", "null"] {
            assert_eq!(ProviderMetadata::parse(body.as_bytes(), "x"), Err(MetadataError::NotJson), "{body}");
        }
    }
}
