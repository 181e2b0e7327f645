//! What an alert is called.

use std::collections::BTreeSet;

use everlit_core::service::AlertId;
use everlit_edge::alert::Alert;

use crate::cases::{cases, link};

#[test]
fn a_name_is_that_of_one_alert_of_one_object_of_one_service() {
    let (link, cases) = (link(), cases());
    let base = cases[0].alert(&link);
    let mut names = BTreeSet::new();
    for service in ["orders", "order", "quotes"] {
        for instance in ["1", "11", "s1", ""] {
            for id in [0, 1, 11, u32::MAX] {
                let alert = Alert { service, instance, id: AlertId(id), ..base };
                assert!(names.insert(alert.name()), "{service} {instance} {id}");
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                assert!(alert.name().len() == 28 && alert.name().chars().all(plain), "{}", alert.name());
            }
        }
    }
    // What it says, when it is said and what the provider is called make no other alert of it.
    for case in &cases {
        assert_eq!(case.alert(&link).name(), base.name());
    }
    assert_eq!(Alert { title: "Other", provider: "other", link: None, ..base }.name(), base.name());
    // Parts that run into each other are other parts.
    let [one, other] =
        [("a", "bc"), ("ab", "c")].map(|(service, instance)| Alert { service, instance, ..base }.name());
    assert_ne!(one, other);
}
