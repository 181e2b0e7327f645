//! What the two Workers' files must say of each other: upstreams that belong to an account of the operator's.

use super::{SERVICES_FILE, Wrong, list, text};
use toml::{Table, Value};

/// The edge Worker's binding for users of the app.
pub(super) const SERVICES_USERS: &str = "SERVICES_USERS";
/// The entrypoint that it leads to.
const ENTRYPOINT: &str = "ForUsers";

/// The binding, where an upstream needs it or somebody wrote it.
pub(super) fn entrypoint(config: &Table) -> Option<Wrong> {
    let services = list(config.get("services"));
    let bound = services.iter().find(|service| text(service, "binding") == Some(SERVICES_USERS));
    let expected = format!(
        "{{ binding = \"{SERVICES_USERS}\", service = \"<the services Worker's name>\", entrypoint = \"{ENTRYPOINT}\" }} in it"
    );
    match bound {
        None if upstreams(config).is_empty() => None,
        None => Some(Wrong::new(
            "services",
            &format!(
                "does not bind {SERVICES_USERS}, and an upstream belongs to an account of the operator's"
            ),
            expected,
        )),
        Some(bound) if text(bound, "entrypoint") == Some(ENTRYPOINT) => None,
        // Its public side would refuse all that comes.
        Some(_) => {
            Some(Wrong::new("services", &format!("binds {SERVICES_USERS} to another entrypoint"), expected))
        }
    }
}

/// What is wrong with the edge Worker's file in the light of the other.
pub(super) fn edge(edge: &Table, services: &Table) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (upstream, service) in upstreams(edge) {
        let name = format!("SERVICE_{}", service.to_ascii_uppercase());
        let described = services.get("vars").and_then(|vars| vars.get(&name));
        let is_open = |table: &Value| table.get("users").is_some() || table.get("operators").is_some();
        match described {
            None => wrong.push(Wrong::new(
                format!("{upstream}.vault"),
                &format!("is of an account that {SERVICES_FILE} does not describe"),
                format!("{name} there, or the name of one that is"),
            )),
            Some(described) if !is_open(described) => wrong.push(Wrong::new(
                format!("{upstream}.vault"),
                &format!("is of an account that no user may call: {name} in {SERVICES_FILE} has neither `users` nor `operators`"),
                "users = \"all\" there, or operators = { claim = \"sub\", values = [\"…\"] }",
            )),
            Some(_) => {}
        }
    }
    let bound = list(edge.get("services"));
    let bound = bound.iter().find(|service| text(service, "binding") == Some(SERVICES_USERS));
    let name = services.get("name").and_then(Value::as_str);
    if bound.is_some_and(|bound| text(bound, "service") != name) {
        let expected =
            format!("service = \"{}\" beside it, the name in {SERVICES_FILE}", name.unwrap_or_default());
        wrong.push(Wrong::new("services", &format!("binds {SERVICES_USERS} to another Worker"), expected));
    }
    wrong
}

/// The upstreams that belong to one, and to which.
fn upstreams(config: &Table) -> Vec<(String, String)> {
    let vars = config.get("vars").and_then(Value::as_table);
    let of = |(name, value): (&String, &Value)| {
        let service = text(value, "vault")?.strip_prefix("service:")?;
        name.starts_with("UPSTREAM_").then(|| (name.clone(), service.to_owned()))
    };
    vars.into_iter().flatten().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGE: &str = r#"
        services = [
            { binding = "ROTATOR", service = "app" },
            { binding = "SERVICES_USERS", service = "app-services", entrypoint = "ForUsers" },
        ]
        [vars.UPSTREAM_QUOTES]
        origin = "https://api.example"
        vault = "service:upstox"
        [vars.UPSTREAM_ORDERS]
        origin = "https://orders.example"
    "#;
    const SERVICES: &str = r#"
        name = "app-services"
        [vars.SERVICE_UPSTOX]
        provider = "upstox"
        users = "all"
    "#;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn an_upstream_of_an_account_needs_the_binding_for_users() {
        let found = |text: &str| entrypoint(&table(text)).map(|wrong| (wrong.name, wrong.problem));
        assert_eq!(found(EDGE), None);
        assert_eq!(found(&EDGE.replace("service:upstox", "login").replace("SERVICES_USERS", "OTHER")), None);
        for text in [
            EDGE.replace("SERVICES_USERS", "SERVICES"),
            EDGE.replace("ForUsers", "forUsers"),
            EDGE.replace(", entrypoint = \"ForUsers\"", ""),
        ] {
            let (name, problem) = found(&text).unwrap();
            assert!(name == "services" && problem.contains("SERVICES_USERS"), "{problem}");
        }
    }

    #[test]
    fn the_other_file_describes_the_account_and_opens_it() {
        let found = |text: &str, services: &str| -> Vec<String> {
            edge(&table(text), &table(services)).into_iter().map(|wrong| wrong.name).collect()
        };
        assert_eq!(found(EDGE, SERVICES), [""; 0]);
        assert_eq!(
            found(
                EDGE,
                &SERVICES.replace("users = \"all\"", "operators = { claim = \"sub\", values = [\"ada\"] }")
            ),
            [""; 0]
        );
        for (text, services) in [
            (EDGE.replace("service:upstox", "service:upstoks"), SERVICES.to_owned()),
            (EDGE.to_owned(), SERVICES.replace("SERVICE_UPSTOX", "SERVICE_BREEZE")),
            (EDGE.to_owned(), SERVICES.replace("users = \"all\"", "")),
        ] {
            assert_eq!(found(&text, &services), ["UPSTREAM_QUOTES.vault"]);
        }
        assert_eq!(found(EDGE, &SERVICES.replace("app-services", "everlit-services")), ["services"]);
    }
}
