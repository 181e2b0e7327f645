//! x
pub struct Row { pub everlit: Outcome }
pub struct Outcome { pub passes: bool }
pub fn rows() -> Vec<Row> { vec![] }
pub fn table(_: &[Row]) -> String { String::new() }
pub fn json(_: &[Row]) -> String { String::new() }
