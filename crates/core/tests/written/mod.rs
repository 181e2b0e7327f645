//! Tables that are written down.
#![allow(clippy::expect_used, missing_docs)]

use std::path::PathBuf;

/// Compares with the file of that name, or writes it.
pub(crate) fn table_is(name: &str, table: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", name].iter().collect();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, table).expect("the table can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (now, before)) in table.lines().zip(written.lines()).enumerate() {
        assert_eq!(now, before, "{name}, line {}: look at it, then run with UPDATE=1", line + 1);
    }
    assert_eq!(table.lines().count(), written.lines().count(), "{name} has other rows: run with UPDATE=1");
}
