//! The Worker: Durable Objects, routes, proxy.
