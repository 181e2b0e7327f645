//! `.dev.vars`: the secrets of `wrangler dev`, a line each.

use crate::secrets;
use anyhow::{Context as _, Result, bail};
use everlit_core::secret::Secret;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

fn read(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The names of what is set there, and never a value.
pub(super) fn names(path: &Path) -> Result<Vec<String>> {
    let name = |line: &str| {
        let line = line.trim_start().trim_start_matches("export ");
        let (name, value) = line.split_once('=')?;
        let set = !value.trim().trim_matches(['"', '\'']).is_empty();
        (set && !line.starts_with('#')).then(|| name.trim().to_owned())
    };
    Ok(read(path)?.lines().filter_map(name).collect())
}

/// Adds one secret and leaves the rest as it is.
pub(super) fn add(path: &Path, name: &str, key: &Secret<String>) -> Result<()> {
    if names(path)?.iter().any(|known| known == name) {
        bail!("{} sets {name} already", path.display());
    }
    let mut text = read(path)?;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("{name}={}\n", key.expose()));
    secrets::write(path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_added_and_nothing_else_changes() {
        let folder = std::env::temp_dir().join(format!("everlit-xtask-{}-dev-vars", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(".dev.vars");
        assert_eq!(names(&path).unwrap(), [""; 0]);
        fs::write(&path, "# SECRET_OLD=x\nSECRET_SESSION_KEY=\"abc\"\nSECRET_EMPTY=\n\nAPP_OWN = 1").unwrap();
        assert_eq!(names(&path).unwrap(), ["SECRET_SESSION_KEY", "APP_OWN"]);
        add(&path, "SECRET_SESSION_KEY_2", &Secret::new("k".to_owned())).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# SECRET_OLD=x\nSECRET_SESSION_KEY=\"abc\"\n"), "{text}");
        assert!(text.ends_with("APP_OWN = 1\nSECRET_SESSION_KEY_2=k\n"), "{text}");
        let error = add(&path, "SECRET_SESSION_KEY_2", &Secret::new("canary".to_owned())).unwrap_err();
        assert!(!format!("{error:#}").contains("canary"));
        fs::remove_dir_all(folder).unwrap();
    }
}
