// Where the frame of oidc-client-ts comes back to: as much of its own `signinSilentCallback` as the page in front needs, so that
// it is not charged for loading itself twice.

parent.postMessage({ source: "oidc-client", url: location.href, keepOpen: false }, location.origin);
