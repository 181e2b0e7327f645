//! The signature algorithms of an ID Token, and how WebCrypto is asked to check them.

/// An algorithm that we accept (RFC 7518, section 3.1; RFC 8037). There is no `none`, and nothing symmetric: a key that can
/// verify must not be one that can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: the one that every provider must offer.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// The parameters of `crypto.subtle.importKey("jwk", ...)` and `crypto.subtle.verify(...)`, as plain data. An absent one is
/// left out of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebCrypto {
    /// `name`, in both calls.
    pub name: &'static str,
    /// `hash`: in `importKey` for RSA, in `verify` for ECDSA. It does no harm in the other call.
    pub hash: Option<&'static str>,
    /// `namedCurve`, in `importKey`.
    pub named_curve: Option<&'static str>,
    /// `saltLength`, in `verify`.
    pub salt_length: Option<u32>,
}

impl Algorithm {
    /// The algorithm that an `alg` header names.
    #[must_use]
    pub fn parse(alg: &str) -> Option<Self> {
        match alg {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            // RFC 9864 gives Ed25519 a name of its own and retires the other.
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// The `kty` of its keys, and their `crv` where there is one.
    #[must_use]
    pub const fn key_type(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Rs256 | Self::Ps256 => ("RSA", None),
            Self::Es256 => ("EC", Some("P-256")),
            Self::EdDsa => ("OKP", Some("Ed25519")),
        }
    }

    /// How WebCrypto is asked.
    #[must_use]
    pub const fn web_crypto(self) -> WebCrypto {
        let hash = Some("SHA-256");
        match self {
            Self::Rs256 => {
                WebCrypto { name: "RSASSA-PKCS1-v1_5", hash, named_curve: None, salt_length: None }
            }
            Self::Ps256 => WebCrypto { name: "RSA-PSS", hash, named_curve: None, salt_length: Some(32) },
            Self::Es256 => WebCrypto { name: "ECDSA", hash, named_curve: Some("P-256"), salt_length: None },
            Self::EdDsa => WebCrypto { name: "Ed25519", hash: None, named_curve: None, salt_length: None },
        }
    }
}
