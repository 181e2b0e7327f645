//! The simulated world: tabs, network, clocks, authorization servers.
