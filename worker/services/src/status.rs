//! `GET /service/{name}/status`: where it stands; and `POST /service/{name}/fallback`: that an app goes on without it.

use everlit_edge::service::secrets;
use everlit_runtime::clock;
use everlit_runtime::http::Reply;

use crate::problem::Problem;
use crate::routes::Call;
use crate::vault::client::ServiceClient;

/// Shows it, with the secrets that whoever asks may know of. Where the provider can tell something by itself, only an operator sees under
/// which path.
pub(crate) async fn show(call: &Call, service: &str) -> Result<Reply, Problem> {
    let caller = call.environment.callers.of_service(call.key().as_deref(), service)?;
    let mut told = ServiceClient::of(&call.env, service).status().await?;
    let config = &call.environment.config;
    if let (Some(told), Some(service)) = (told.as_object_mut(), config.service(service)) {
        told.insert("secrets".into(), secrets::told(config, service, caller, clock::now()));
        if !caller.operator {
            told.remove("notify_path");
        }
    }
    Ok(Reply::json(&told))
}

/// Takes it from a program, that the app lives on other data.
pub(crate) async fn fell_back(call: &Call, service: &str) -> Result<Reply, Problem> {
    call.environment.callers.of_service(call.key().as_deref(), service)?;
    ServiceClient::of(&call.env, service).fell_back().await?;
    Ok(Reply::empty(204))
}
