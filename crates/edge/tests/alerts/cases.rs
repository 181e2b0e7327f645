//! Every kind, and what makes a difference within it.

use everlit_core::service::{AlertId, Class, Kind, Source, Want, WayKind};
use everlit_core::time::{Millis, Timestamp};
use everlit_edge::alert::{Alert, KINDS};
use everlit_edge::date::parse_plain;
use everlit_edge::provider::{Description, breeze, openid, upstox};
use everlit_edge::url::HttpUrl;

/// An alert, and when it is sent.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) provider: Description,
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    pub(crate) sent: Timestamp,
}

impl Case {
    pub(crate) fn alert<'a>(&self, link: &'a HttpUrl) -> Alert<'a> {
        Alert {
            service: "orders",
            provider: self.provider.name,
            title: self.provider.title,
            instance: "3405691582",
            id: AlertId(7),
            kind: self.kind,
            at: self.at,
            zone: self.provider.expiry.zone(),
            link: Some(link),
        }
    }
}

pub(crate) fn link() -> HttpUrl {
    HttpUrl::parse("https://app.example/accounts").unwrap()
}

pub(crate) fn minutes(many: u64) -> Millis {
    Millis::from_secs(many * 60)
}

/// Three in the morning in India, half an hour before the tokens of Upstox end.
pub(crate) fn three() -> Timestamp {
    parse_plain("2026-10-02 21:30:00").unwrap()
}

fn kinds() -> Vec<(&'static str, Description, Kind, u64)> {
    let (end, half) = (three().after(minutes(30)), minutes(30));
    let soon = |login_from| Kind::ExpiringSoon { threshold: half, expires_at: end, login_from };
    let mut kinds = vec![
        ("a login does not help yet", upstox::DESCRIPTION, soon(end), 0),
        ("the same, sent again", upstox::DESCRIPTION, soon(end), 20),
        ("the same, sent when it was over", upstox::DESCRIPTION, soon(end), 45),
        ("a login helps", openid::DESCRIPTION, soon(three()), 0),
        ("a login helps before the end", upstox::DESCRIPTION, soon(three().after(minutes(20))), 0),
        ("", upstox::DESCRIPTION, Kind::FailedRepeatedly { rounds: 5 }, 0),
        ("", upstox::DESCRIPTION, Kind::OnFallback { until: Some(three().after(Millis::from_days(300))) }, 0),
        ("the app", breeze::DESCRIPTION, Kind::OnFallback { until: None }, 0),
        ("sent when that was over", upstox::DESCRIPTION, Kind::OnFallback { until: Some(end) }, 31),
    ];
    kinds.push(("push", upstox::DESCRIPTION, Kind::HumanNeeded { want: Want::Lapsed, push: true }, 0));
    for want in [Want::FirstToken, Want::Lapsed, Want::GrantOver, Want::LoggedOut] {
        kinds.push((want.as_str(), breeze::DESCRIPTION, Kind::HumanNeeded { want, push: false }, 0));
    }
    for class in Class::ALL {
        kinds.push((class.as_str(), openid::DESCRIPTION, Kind::RenewalFailed(class), 0));
        let want = Want::Refused(class);
        kinds.push((class.as_str(), breeze::DESCRIPTION, Kind::HumanNeeded { want, push: false }, 0));
    }
    let way = Source::Automatic(WayKind::Refresh);
    for source in [Source::Pasted, Source::Approved, Source::Imported, Source::LoggedIn, way] {
        kinds.push((source.as_str(), upstox::DESCRIPTION, Kind::Renewed(source), 0));
        if source.is_person() {
            kinds.push((source.as_str(), upstox::DESCRIPTION, Kind::HumanAnswered(source), 0));
        }
    }
    kinds
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = kinds()
        .into_iter()
        .map(|(about, provider, kind, late)| Case {
            name: if about.is_empty() {
                kind.as_str().to_owned()
            } else {
                format!("{}, {about}", kind.as_str())
            },
            provider,
            kind,
            at: three(),
            sent: three().after(minutes(late)),
        })
        .collect();
    // In the order of their kinds.
    cases.sort_by_key(|case| KINDS.iter().position(|kind| *kind == case.kind.as_str()));
    cases
}

#[test]
fn every_kind_has_a_name_that_a_configuration_knows_and_a_case() {
    // A new kind does not compile before it has its place in the list.
    let place = |kind: &Kind| match kind {
        Kind::ExpiringSoon { .. } => 0,
        Kind::RenewalFailed(_) => 1,
        Kind::FailedRepeatedly { .. } => 2,
        Kind::OnFallback { .. } => 3,
        Kind::Renewed(_) => 4,
        Kind::HumanNeeded { .. } => 5,
        Kind::HumanAnswered(_) => 6,
    };
    let mut seen = [0; KINDS.len()];
    for case in cases() {
        assert_eq!(KINDS[place(&case.kind)], case.kind.as_str());
        seen[place(&case.kind)] += 1;
    }
    assert!(seen.iter().all(|cases| *cases > 0), "{seen:?}");
}
