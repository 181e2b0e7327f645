//! The three browser engines, and a WebDriver for each.

use crate::process::{self, Output, Running};
use crate::repo::{Repo, which};
use crate::tools::Tool;
use crate::{debian, http, ports};
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Chromium with chromedriver.
    Chromium,
    /// Firefox with geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser with WebKitWebDriver, under a virtual display.
    Webkit,
}

impl Engine {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// Its name in commands and in the environment of tests.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// The browser's program.
    pub(crate) fn browser(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(which),
            Self::Firefox => ["firefox-esr", "firefox"].into_iter().find_map(which),
            Self::Webkit => mini_browser(Path::new("/usr/lib")),
        }
    }

    /// Debian packages that are missing for it.
    fn missing(self) -> Vec<&'static str> {
        let without = |there: bool, package| (!there).then_some(package);
        let packages = match self {
            Self::Chromium => vec![
                without(self.browser().is_some(), "chromium"),
                without(which("chromedriver").is_some(), "chromium-driver"),
            ],
            Self::Firefox => vec![without(self.browser().is_some(), "firefox-esr")],
            Self::Webkit => vec![
                without(which("WebKitWebDriver").is_some() && self.browser().is_some(), "webkit2gtk-driver"),
                without(which("xvfb-run").is_some(), "xvfb"),
                // xvfb only recommends it, but xvfb-run does not start without.
                without(which("xauth").is_some(), "xauth"),
            ],
        };
        packages.into_iter().flatten().collect()
    }

    /// Why it cannot be used here, with the command that changes that; `None` when it can.
    pub(crate) fn lacking(self) -> Option<String> {
        let missing = self.missing();
        (!missing.is_empty()).then(|| {
            format!("{} is not installed; on Debian: apt-get install {}", self.name(), missing.join(" "))
        })
    }
}

/// `/usr/lib/<machine>/webkit2gtk-4.1/MiniBrowser`.
fn mini_browser(lib: &Path) -> Option<PathBuf> {
    let machines = fs::read_dir(lib).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    machines
        .flat_map(|machine| ["webkit2gtk-4.1", "webkit2gtk-4.0"].map(|version| machine.join(version)))
        .map(|folder| folder.join("MiniBrowser"))
        .find(|program| program.is_file())
}

/// Installs what is missing for these engines where that is possible without asking: on Debian, as root. Elsewhere, or
/// when it fails, the engines stay missing and their users say so.
pub(crate) fn ensure(repo: &Repo, engines: &[Engine]) {
    let packages: BTreeSet<&str> = engines.iter().flat_map(|engine| engine.missing()).collect();
    debian::install(repo, &packages, "one to three minutes");
}

/// Whether a missing engine is a failure instead of something to skip.
pub(crate) fn must_be_there() -> bool {
    env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// A WebDriver that is ready.
pub(crate) struct Driver {
    /// `http://127.0.0.1:<port>`
    pub(crate) address: String,
    /// Ends with this value.
    pub(crate) process: Running,
}

/// Starts the engine's WebDriver on a free port.
pub(crate) fn drive(repo: &Repo, engine: Engine, name: &str) -> Result<Driver> {
    if let Some(lacking) = engine.lacking() {
        bail!("{lacking}");
    }
    let port = ports::free()?;
    let mut command = match engine {
        Engine::Chromium => {
            let mut command = repo.command("chromedriver");
            command.arg(format!("--port={port}"));
            command
        }
        Engine::Firefox => {
            let mut command = repo.command(Tool::Geckodriver.program(repo)?);
            command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
            // Its second channel has a fixed default port, which two of them would fight for.
            command.args(["--websocket-port", &ports::free()?.to_string()]);
            command
        }
        Engine::Webkit => {
            let mut command = repo.command("xvfb-run");
            command.args(["-a", "WebKitWebDriver", &format!("--port={port}")]);
            command
        }
    };
    // A browser that is meant for tests must not find the desktop of the person at the keyboard.
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("WAYLAND_DISPLAY");
    let log = repo.log(&format!("{name}-driver"))?;
    let mut process =
        process::spawn(&format!("the WebDriver of {}", engine.name()), command, &log, Output::Log)?;
    process.until(Duration::from_secs(60), |_| (http::status(port, "/status").ok()? == 200).then_some(()))?;
    Ok(Driver { address: format!("http://127.0.0.1:{port}"), process })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mini_browser_is_found_whatever_the_machine() {
        let lib = env::temp_dir().join(format!("everlit-xtask-{}-lib", std::process::id()));
        let folder = lib.join("some-machine/webkit2gtk-4.1");
        fs::create_dir_all(&folder).unwrap();
        assert_eq!(mini_browser(&lib), None);
        fs::write(folder.join("MiniBrowser"), "").unwrap();
        assert_eq!(mini_browser(&lib), Some(folder.join("MiniBrowser")));
        fs::remove_dir_all(lib).unwrap();
    }

    #[test]
    fn what_is_lacking_comes_with_its_command() {
        for engine in Engine::ALL {
            if let Some(lacking) = engine.lacking() {
                assert!(lacking.contains("apt-get install"), "{lacking}");
            }
        }
    }
}
