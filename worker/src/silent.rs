//! Silent re-login: which ways are left, what its transaction remembers, and how it ends.

use everlit_core::vault::Refused;
use everlit_edge::html;
use everlit_edge::return_to::ReturnTo;
use everlit_edge::silent::{self, Ending, Silent, Way};
use everlit_runtime::packed;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::http::Reply;
use crate::log;
use crate::vault::client::{VaultClient, until_answered};

/// The ways that are still worth a try, after what was refused.
pub(crate) fn ways(environment: &Environment, refused: Refused) -> Vec<everlit_wire::Way> {
    let config = &environment.config;
    let left = silent::left(config.login_provider().silent_ways(&config.origins), refused);
    left.into_iter().filter_map(|way| everlit_wire::Way::from_name(way.as_str())).collect()
}

/// What the transaction of a silent re-login remembers of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// The name of its way.
    via: String,
    /// The name that the tab gave to it.
    relogin: Option<String>,
    /// Whose session it is to renew.
    pub(crate) sub: String,
}

impl Remembered {
    /// What to remember.
    pub(crate) fn new(silent: &Silent, sub: String) -> Self {
        let relogin = silent.relogin().map(|relogin| relogin.as_str().to_owned());
        Self { via: silent.way().as_str().to_owned(), relogin, sub }
    }

    /// What was asked for.
    pub(crate) fn silent(&self) -> Option<Silent> {
        Silent::restored(Way::from_name(&self.via)?, self.relogin.as_deref())
    }
}

/// Has the vault remember what is not to be tried again, until somebody has logged in: a way that was refused, and the ways of a whole
/// page where one has left for nothing, as the page that comes back knows nothing of it and would leave again at once. Whether it
/// does; a frame or a popup that failed is noted nowhere.
pub(crate) async fn give_up(silent: &Silent, ending: Ending, vault: &VaultClient) -> bool {
    let way = silent.way();
    if ending == Ending::Done || ending == Ending::Failed && way != Way::Redirect {
        return false;
    }
    until_answered(async || vault.silent_refused(way.is_top_level()).await).await.is_ok()
}

/// Where it ends: on a page that tells the tab, or back in the app, which asks where its session stands.
pub(crate) fn end(silent: &Silent, ending: Ending, return_to: &ReturnTo) -> Reply {
    let (via, outcome) = (silent.way().as_str(), ending.as_str());
    log::line("silent_login", [("via", via.into()), ("outcome", outcome.into())]);
    say(silent, ending, return_to)
}

/// Says how it ended to the tab, or to the app; of what a stranger asked, nobody else hears.
pub(crate) fn say(silent: &Silent, ending: Ending, return_to: &ReturnTo) -> Reply {
    let page = html::outcome(silent, ending, return_to).unwrap_or_else(|| match ending {
        Ending::Done => html::landing(return_to),
        Ending::Refused | Ending::Failed => html::return_to_app(return_to),
    });
    Reply::page(200, page)
}

packed! {
    Remembered { via, relogin, sub }
}
