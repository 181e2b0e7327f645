//! The authorization server, asked over the network. Requests are built and answers are judged by the same code as in the
//! Worker.

use anyhow::{Context as _, Result, bail};
use everlit_core::secret::Secret;
use everlit_core::time::Timestamp;
use everlit_edge::config::{ClientAuth, ProviderConfig};
use everlit_edge::oauth::{ClientCredentials, ClientProof, ClientRequest, HttpAnswer, MAX_BODY, TokenAnswer};
use everlit_edge::oidc::{ProviderMetadata, discovery_url};
use everlit_edge::url::HttpUrl;
use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;

/// A server that takes longer is not measured, it is waited for.
const WAIT: Duration = Duration::from_secs(30);

/// Who we are, and where to ask.
pub(super) struct Server {
    pub(super) provider: ProviderConfig,
    pub(super) metadata: ProviderMetadata,
    secret: Secret<String>,
    agent: Agent,
}

/// An answer as it came.
struct Raw {
    status: u16,
    content_type: Option<String>,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Server {
    /// Reads the provider's discovery document.
    pub(super) fn discover(provider: ProviderConfig, secret: Secret<String>) -> Result<Self> {
        let url = discovery_url(&provider.issuer);
        let local = HttpUrl::parse(&url).is_some_and(|url| url.origin().is_loopback());
        let config = Agent::config_builder()
            .timeout_global(Some(WAIT))
            .http_status_as_error(false)
            // Tokens are for the endpoint that the metadata names, and for no other.
            .max_redirects(0)
            .user_agent("everlit-probe")
            .proxy(if local { None } else { ureq::Proxy::try_from_env() });
        let agent: Agent = config.build().into();
        let answer = agent.get(&url).header("accept", "application/json").call();
        let raw = Raw::read(answer).with_context(|| format!("cannot read {url}"))?;
        if raw.status != 200 {
            bail!("{url} answered {}", raw.status);
        }
        match ProviderMetadata::parse(&raw.body, &provider.issuer) {
            Ok(metadata) => Ok(Self { provider, metadata, secret, agent }),
            Err(error) => bail!("{url} is of no use: {}", error.reason()),
        }
    }

    /// The client, for building requests.
    pub(super) fn client(&self) -> ClientCredentials<'_> {
        let proof = match self.provider.client_auth {
            ClientAuth::SecretPost => ClientProof::SecretPost(&self.secret),
            // Whoever has a key instead was told that it cannot be probed.
            ClientAuth::SecretBasic | ClientAuth::PrivateKeyJwt | ClientAuth::ApiKey => {
                ClientProof::SecretBasic(&self.secret)
            }
        };
        ClientCredentials { client_id: &self.provider.client_id, proof }
    }

    /// A token request, judged as the Worker judges it.
    pub(super) fn token(&self, request: &ClientRequest) -> TokenAnswer {
        let Ok(raw) = self.post(&self.metadata.token_endpoint, request) else {
            return TokenAnswer::UNANSWERED;
        };
        TokenAnswer::classify(&HttpAnswer {
            status: raw.status,
            content_type: raw.content_type.as_deref(),
            retry_after: raw.retry_after.as_deref(),
            date: None,
            body: &raw.body,
            now: now(),
        })
    }

    /// Ends a grant, if the server can. Whether it did is of no consequence.
    pub(super) fn revoke(&self, refresh_token: &Secret<String>) -> bool {
        let Some(endpoint) = &self.metadata.revocation_endpoint else { return false };
        let request = ClientRequest::revocation(self.client(), refresh_token);
        self.post(endpoint, &request).is_ok_and(|raw| raw.status == 200)
    }

    fn post(&self, endpoint: &HttpUrl, request: &ClientRequest) -> Result<Raw> {
        let mut post = self.agent.post(endpoint.to_string());
        for (name, value) in request.headers() {
            post = post.header(name, value);
        }
        Raw::read(post.send(request.body().expose().as_bytes()))
    }
}

impl Raw {
    fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Self> {
        let answer = answer?;
        let text = |name: &str| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (content_type, retry_after) = (text("content-type"), text("retry-after"));
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        let limit = u64::try_from(MAX_BODY)?.saturating_add(1);
        answer.into_body().into_reader().take(limit).read_to_end(&mut body)?;
        Ok(Self { status, content_type, retry_after, body })
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or_default())
}
