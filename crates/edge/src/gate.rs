//! The names of gates: objects that count what passes, and keep nothing.

use alloc::string::String;
use core::net::{IpAddr, Ipv6Addr};

use everlit_core::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base64url;
use crate::cookie::SessionId;
use crate::keys::Keyring;
use crate::url::Origin;

/// How much of an IPv6 address names a customer: the rest is theirs to choose.
const NETWORK: Ipv6Addr = Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);
/// How much of it names a site: whoever has one has 65,536 networks in it to come from, and a home has 256.
const SITE: Ipv6Addr = Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0, 0, 0, 0, 0);

/// The key of the names, for one origin.
#[derive(Clone)]
pub struct GateKey(Secret<[u8; 32]>);

/// Where logins pass, and logouts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// All logins of browsers that have begun none before.
    All,
    /// All logins of browsers that have: strangers do not use up what is left for them.
    Known,
    /// Those that come from one site of IPv6.
    Site(Network),
    /// Those that come from one network.
    Network(Network),
    /// Silent re-logins of one session.
    Session(SessionId),
    /// Back-channel logouts that come from one host of IPv4, or one site of IPv6.
    Logouts(Network),
}

/// Who has an address: a host of IPv4, or a network of IPv6, or the site that this is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address, as the platform writes it in `CF-Connecting-IP`.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        let address: IpAddr = address.trim().parse().ok()?;
        Some(Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(address & NETWORK),
            v4 @ IpAddr::V4(_) => v4,
        }))
    }

    /// The site that it is in; nothing for a host of IPv4, which is in none.
    #[must_use]
    pub fn site(self) -> Option<Self> {
        match self.0 {
            IpAddr::V6(address) => Some(Self(IpAddr::V6(address & SITE))),
            IpAddr::V4(_) => None,
        }
    }

    /// The gates that a login from here passes, the narrowest first: what is refused at one uses up nothing at the next.
    pub fn gates(self) -> impl Iterator<Item = Gate> {
        [Gate::Network(self)].into_iter().chain(self.site().map(Gate::Site))
    }

    /// The gate that a back-channel logout from here passes.
    #[must_use]
    pub fn logout_gate(self) -> Gate {
        Gate::Logouts(self.site().unwrap_or(self))
    }
}

impl GateKey {
    /// Derives the key for the canonical origin.
    #[must_use]
    pub fn new(keyring: &Keyring, origin: &Origin) -> Self {
        Self(keyring.current().derive("everlit gate", origin.as_str()))
    }

    /// The name of a gate's object. Nobody's address is in it, and it is the name of no login desk: those have no dot.
    #[must_use]
    pub fn name(&self, gate: &Gate) -> String {
        let whose = match gate {
            Gate::All => return "gate.all".into(),
            Gate::Known => return "gate.known".into(),
            Gate::Site(Network(address)) => alloc::format!("site {address}"),
            Gate::Network(Network(address)) => alloc::format!("network {address}"),
            Gate::Session(session) => ["session ", session.as_str()].concat(),
            Gate::Logouts(Network(address)) => alloc::format!("logouts {address}"),
        };
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).ok();
        let mac = mac.map(|mac| mac.chain_update(whose.as_bytes()).finalize().into_bytes());
        ["gate.", &mac.as_deref().map(base64url::encode).unwrap_or_default()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{FIRST_VERSION, MasterKey};
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    fn key(secret: u8, origin: &str) -> GateKey {
        GateKey::new(
            &Keyring::new(MasterKey::new(FIRST_VERSION, [secret; 32])),
            &Origin::parse(origin).unwrap(),
        )
    }

    fn network(address: &str) -> Gate {
        Gate::Network(Network::of(address).unwrap())
    }

    #[test]
    fn a_host_of_ipv4_and_a_network_of_ipv6_are_one_each() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            (" 192.0.2.1 ", "192.0.2.1", true),
        ] {
            assert_eq!(network(one) == network(other), same, "{one} {other}");
        }
    }

    #[test]
    fn a_site_of_ipv6_is_one_however_many_networks_it_has() {
        let site = |address: &str| Network::of(address).unwrap().site();
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::9"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_eq!(site("192.0.2.1"), None);
        let gates: Vec<Gate> = Network::of("2001:db8:1:2::1").unwrap().gates().collect();
        assert_eq!(gates, [network("2001:db8:1:2::"), Gate::Site(Network::of("2001:db8:1::").unwrap())]);
    }

    #[test]
    fn what_is_no_address_is_nobodys() {
        for text in
            ["", "unknown", "192.0.2.256", "192.0.2.1, 192.0.2.2", "[::1]", "192.0.2.1:80", "::1%eth0"]
        {
            assert_eq!(Network::of(text), None, "{text}");
        }
    }

    #[test]
    fn every_gate_has_a_name_of_its_own_that_shows_nothing() {
        let (one, other) = (key(1, "https://app.example"), key(2, "https://app.example"));
        let session = SessionId::from_entropy([7; 18]);
        let site = Gate::Site(Network::of("2001:db8::1").unwrap());
        let gates = [
            Gate::All,
            network("192.0.2.1"),
            network("2001:db8::1"),
            Gate::Session(session.clone()),
            Gate::Known,
            site,
            Gate::Logouts(Network::of("192.0.2.1").unwrap()),
        ];
        let names: BTreeSet<String> = gates.iter().map(|gate| one.name(gate)).collect();
        assert_eq!(names.len(), gates.len());
        for name in &names {
            assert!(
                name.starts_with("gate.") && !name.contains("192.0.2") && !name.contains(session.as_str()),
                "{name}"
            );
        }
        assert_ne!(one.name(&gates[1]), other.name(&gates[1]));
        assert_ne!(one.name(&gates[1]), key(1, "https://other.example").name(&gates[1]));
    }
}
