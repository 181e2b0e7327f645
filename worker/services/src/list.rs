//! `GET /service`: the services that a caller may use.

use everlit_edge::config::services::ServiceConfig;
use everlit_runtime::http::Reply;
use serde_json::{Value, json};
use worker::Env;

use crate::environment::Environment;
use crate::problem::Problem;
use crate::routes::Call;
use crate::vault::client::ServiceClient;

/// Lists them.
pub(crate) async fn all(call: &Call) -> Result<Reply, Problem> {
    let key = call.key();
    let caller = key.as_deref().and_then(|key| call.environment.callers.of(key));
    let caller = caller.ok_or_else(Problem::unauthorized)?;
    Ok(of(call, |service| caller.may_use(&service.name)).await)
}

/// Lists those that somebody may use.
pub(crate) async fn of(call: &Call, may_use: impl Fn(&ServiceConfig) -> bool) -> Reply {
    let mut services = Vec::new();
    for service in call.environment.config.services().iter().filter(|service| may_use(service)) {
        // One that does not answer just now hides none of the others.
        let told = ServiceClient::of(&call.env, &service.name).status().await.unwrap_or_default();
        services.push(json!({
            "name": service.name,
            "provider": service.description.name,
            "title": service.description.title,
            "status": told.get("status").unwrap_or(&Value::Null),
        }));
    }
    Reply::json(&json!({ "services": services }))
}

/// Touches each of them. One that does not answer is touched the next time.
pub(crate) async fn touch(env: &Env) {
    let Ok(environment) = Environment::of(env) else { return };
    for service in environment.config.services() {
        ServiceClient::of(env, &service.name).status().await.ok();
    }
}
