//! The table of requirements in `tests/README.md`: each row says which test shows it, and that test is there.

use crate::tree::{File, files, none};

const TABLE: &str = "tests/README.md";
const HEAD: &str = "| section | requirement | shown by |";
const NOT_APPLICABLE: &str = "not applicable, because ";
/// So many there are at least.
const ROWS: usize = 40;
/// So much of a title that is put together has to be written there.
const SAYS_SOMETHING: usize = 10;

/// One requirement.
struct Row<'a> {
    section: &'a str,
    shown_by: &'a str,
}

fn rows(text: &str) -> Vec<Result<Row<'_>, &str>> {
    let table = text.lines().skip_while(|line| *line != HEAD).skip(2);
    table.take_while(|line| line.starts_with('|')).map(|line| row(line).ok_or(line)).collect()
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
    let (section, _, shown_by) = (cells.next()?, cells.next()?, cells.next()?);
    cells.next().is_none().then_some(Row { section, shown_by })
}

/// `RFC 10017 §6.1.3.2`, `OpenID Connect Core §3.1.3.7`: a document, and where in it.
fn is_section(section: &str) -> bool {
    section.split_once(" §").is_some_and(|(document, place)| {
        !document.is_empty() && place.split('.').all(|part| part.parse::<u16>().is_ok())
    })
}

/// What is wrong with `path: name of the test; path: name of another`. Up to `…` is enough of a name.
fn missing(files: &[File], shown_by: &str) -> Vec<String> {
    let is_there = |reference: &str| {
        reference.split_once(": ").is_some_and(|(path, name)| {
            files.iter().any(|file| file.path == path && is_test(file) && holds(file, name))
        })
    };
    let absent = shown_by.split("; ").filter(|reference| !is_there(reference));
    absent.map(|reference| format!("{TABLE}: there is no test {reference}")).collect()
}

/// In Rust the tests of a module may lie in it.
fn is_test(file: &File) -> bool {
    file.is_test() || file.is(&[".rs"])
}

/// Whether a test of this name is in a file.
fn holds(file: &File, name: &str) -> bool {
    if file.is(&[".rs"]) {
        let is_marked = |(at, _): (usize, &str)| {
            file.text.get(..at).is_some_and(|before| before.trim_end().ends_with("#[test]"))
        };
        return file.text.match_indices(&format!("fn {name}(")).any(is_marked);
    }
    titles(&file.text).any(|title| is_called(title, name))
        // One of a list of names that the file has.
        || ['"', '`'].iter().any(|quote| file.text.contains(&format!("{quote}{name}{quote}")))
}

/// What stands in quotes after `test(`, `step(` and `describe(`.
fn titles(text: &str) -> impl Iterator<Item = &str> {
    ["test(", "step(", "describe("].into_iter().flat_map(move |call| text.split(call).skip(1)).filter_map(
        |rest| {
            let quote = rest.chars().next().filter(|first| matches!(first, '"' | '`'))?;
            rest.strip_prefix(quote)?.split(quote).next()
        },
    )
}

/// Whether a title is this name, with anything in place of each `${…}`. One that is nothing else is no name.
fn is_called(title: &str, name: &str) -> bool {
    let mut literals = title.split("${").enumerate().map(|(at, piece)| match at {
        0 => piece,
        _ => piece.split_once('}').map_or("", |(_, literal)| literal),
    });
    let first = literals.next().unwrap_or_default();
    let rest: Vec<&str> = literals.collect();
    if let Some(beginning) = name.strip_suffix('…') {
        return first.starts_with(beginning.trim_end()) && !beginning.trim_end().is_empty();
    }
    let Some((last, middle)) = rest.split_last() else { return first == name };
    if first.len() + last.len() + middle.concat().len() < SAYS_SOMETHING {
        return false;
    }
    let Some(mut left) = name.strip_prefix(first) else { return false };
    for literal in middle {
        let Some((_, after)) = left.split_once(literal) else { return false };
        left = after;
    }
    left.len() > last.len() && left.ends_with(last)
}

fn offences(files: &[File]) -> Vec<String> {
    let text = files.iter().find(|file| file.path == TABLE).map_or("", |file| file.text.as_str());
    let rows = rows(text);
    let mut found = Vec::new();
    if rows.len() < ROWS {
        found.push(format!("{TABLE}: {} requirements are named, and there are {ROWS} at least", rows.len()));
    }
    for row in rows {
        match row {
            Err(line) => found.push(format!("{TABLE}: three cells are wanted: {line}")),
            Ok(Row { section, .. }) if !is_section(section) => {
                found.push(format!("{TABLE}: not a document and its section: {section}"));
            }
            Ok(Row { shown_by, .. }) if shown_by.starts_with(NOT_APPLICABLE) => {}
            Ok(Row { shown_by, .. }) => found.extend(missing(files, shown_by)),
        }
    }
    found
}

#[test]
fn every_requirement_has_its_test() {
    none(&offences(&files()));
}

#[test]
fn a_row_without_its_test_is_found() {
    let tests = [
        File::made(
            "tests/a.test.mjs",
            "test(\"it is so\", …); step(`with ${kind} it is ${what} there`, …); test(`${name}`, …); const NAMES = [\"a nonce\"]; // it is not",
        ),
        File::made("crates/a/tests/b.rs", "#[test]\nfn it_holds() {}"),
        File::made("crates/a/src/b.rs", "fn it_is_no_test() {}"),
    ];
    let bad = |row: &str| {
        let rows = format!("| RFC 1 §2.3 | … | not applicable, because … |\n{row}\n").repeat(ROWS / 2);
        let table = File::made(TABLE, &format!("# …\n\n{HEAD}\n|---|---|---|\n{rows}\nEnd."));
        let found = offences(&[&[table], tests.as_slice()].concat());
        found.len() / (ROWS / 2)
    };
    for good in [
        "tests/a.test.mjs: it is so",
        "tests/a.test.mjs: it is…",
        "tests/a.test.mjs: with milk it is not there",
        "tests/a.test.mjs: a nonce",
        "crates/a/tests/b.rs: it_holds",
    ] {
        assert_eq!(bad(&format!("| RFC 10017 §6.1 | … | {good} |")), 0, "{good}");
        assert_eq!(bad(&format!("| OpenID Connect Core §2 | … | tests/a.test.mjs: it is so; {good} |")), 0);
    }
    for wrong in [
        "",
        "tests/a.test.mjs",
        "tests/a.test.mjs: …",
        "tests/a.test.mjs: it is not",
        "tests/a.test.mjs: with milk it is there",
        "tests/a.test.mjs: with milk it is not here",
        "tests/c.test.mjs: it is so",
        "crates/a/tests/b.rs: it_is",
        "crates/a/src/b.rs: it_is_no_test",
        "as one sees",
    ] {
        assert_eq!(bad(&format!("| RFC 10017 §6.1 | … | {wrong} |")), 1, "{wrong}");
    }
    assert_eq!(bad("| RFC 10017 §6.1 | tests/a.test.mjs: it is so |"), 1);
    assert_eq!(bad("| RFC 10017 | … | tests/a.test.mjs: it is so |"), 1);
    assert_eq!(bad("| RFC 10017 §six | … | tests/a.test.mjs: it is so |"), 1);
    assert_eq!(offences(&[]).len(), 1, "too few");
}
