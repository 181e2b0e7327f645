//! From where a provider can be called.

/// What a call needs of the place that it is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Whether a page may hold the token: it is for calls from a browser, and what it can do ends soon.
    pub browser_safe: bool,
    /// Whether the app's secret is needed for a token.
    pub secret_for_tokens: bool,
    /// Whether it is needed for each call.
    pub secret_for_calls: bool,
    /// Whether reads are GETs with a body. `fetch` sends none of those, in no browser, not in Node and not in a Worker: they go over a
    /// raw socket.
    pub get_with_body: bool,
    /// Whether orders are taken only from an address that is registered, and stays the same: a Worker has none.
    pub orders_need_static_ip: bool,
}
