//! `GET /auth/events`: a WebSocket on which a session says that something has changed, and no more.

use everlit_edge::cross_site;
use everlit_wire::{Code, Problem};

use crate::environment::Environment;
use crate::http::Reply;
use crate::routes::Call;
use crate::vault::client::VaultClient;
use crate::{gate, session};

/// Opens it. The object says everything from then on: this Worker is gone by then.
pub(crate) async fn open(call: &Call, environment: &Environment) -> Result<Reply, Problem> {
    let header = |name: &str| call.request.header(name);
    if !header("upgrade").is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
        let problem = Problem::new(Code::UpgradeRequired);
        return Ok(Reply::problem(&problem).with("upgrade", "websocket".to_owned()));
    }
    let (site, origin) = (header("sec-fetch-site"), header("origin"));
    let proof = cross_site::check_handshake(site.as_deref(), origin.as_deref(), &environment.config.origins)
        .map_err(|refusal| {
            gate::line("cross_site", [("reason", refusal.reason().into())]);
            Problem::new(Code::CrossSite)
        })?;
    let cookie = session::named(call, environment, proof).ok_or_else(|| Problem::new(Code::LoggedOut))?;
    VaultClient::of(&call.env, &cookie.id).connect(environment).await.map(Reply::Forwarded)
}
