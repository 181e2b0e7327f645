//! The measurement: which refresh token is presented when, and what is written down.
//!
//! It knows neither network nor clock, so that tests can play every kind of server in no time. Four things make it sound:
//!
//! - Time is an interval: the server's own lies between our sending and its answer.
//! - The window is told from grants that are replayed once. The series that looks for its end replays one grant many times,
//!   and is only a suggestion: servers count replays, and some begin the window anew with each.
//! - A witness, another grant of the same user, is shown to be alive after each login and after each refused replay.
//! - The token before the previous one is presented late in the window: some servers forgive those too, but for less long.

use super::plan::{self, Guess};
use super::verdict::{Aftermath, Fate, Observations, Replayed, Reply};
use std::time::Duration;

/// What a token request was answered with.
pub(super) enum Answer<T> {
    /// Tokens: access token and refresh token.
    Granted(T, Option<T>),
    /// The grant is over.
    Refused,
}

/// Why it ended before everything was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stopped(pub(super) String);

/// A real authorization server with a person, or one of a test.
pub(super) trait Lab {
    /// A token. It is compared, presented, and never shown.
    type Token: Clone + PartialEq;

    /// Asks for another login of the same user, in a browser session of its own; its refresh token.
    fn log_in(&mut self, what_for: &str) -> Result<Self::Token, Stopped>;

    /// Presents a refresh token. An answer that ends nothing and grants nothing stops the measurement.
    fn refresh(&mut self, token: &Self::Token) -> Result<Answer<Self::Token>, Stopped>;

    /// Time since some moment.
    fn now(&self) -> Duration;

    /// Waits for that time.
    fn wait_until(&mut self, time: Duration, what_for: &str);
}

/// A grant whose first refresh token was spent.
struct Spent<T> {
    /// The one that was spent.
    first: T,
    access: T,
    /// What replaced it.
    next: T,
    sent: Duration,
    answered: Duration,
    /// Whether it was presented again since.
    replayed: bool,
}

/// Measures until everything is known, `most` logins are spent, or it cannot go on. What was seen until then is in `seen`.
pub(super) fn run<L: Lab>(
    lab: &mut L,
    longest: Duration,
    most: u32,
    seen: &mut Observations,
) -> Result<(), Stopped> {
    seen.longest = longest;
    Measurement { lab, longest, left: most, seen, witness: None }.run()
}

struct Measurement<'a, L: Lab> {
    lab: &'a mut L,
    longest: Duration,
    left: u32,
    seen: &'a mut Observations,
    /// The current refresh token of a grant that is only looked at.
    witness: Option<L::Token>,
}

impl<L: Lab> Measurement<'_, L> {
    fn run(mut self) -> Result<(), Stopped> {
        self.witness = Some(self.log_in("the witness: whether it survives tells what a replay ends")?);
        let Some(mut grant) = self.spend("the first replays")? else {
            return Ok(());
        };
        let Some(guess) = self.series(&mut grant)? else { return Ok(()) };
        let (mut forgiven, mut refused) = (Duration::ZERO, None);
        while let Some(time) = plan::next(forgiven, refused, guess, self.longest) {
            let what_for = format!("one replay after {}", brief(time));
            let Some(mut grant) = self.spend(&what_for)? else { return Ok(()) };
            self.lab.wait_until(grant.answered + time, &what_for);
            if self.replay(&mut grant)? == Reply::Refused { refused = Some(time) } else { forgiven = time }
        }
        self.depth(forgiven)
    }

    fn log_in(&mut self, what_for: &str) -> Result<L::Token, Stopped> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(Stopped("the logins that were allowed are used up".to_owned()));
        };
        self.left = left;
        self.lab.log_in(what_for)
    }

    /// A new grant, and its first refresh. Nothing where the server keeps the refresh token.
    fn spend(&mut self, what_for: &str) -> Result<Option<Spent<L::Token>>, Stopped> {
        let first = self.log_in(what_for)?;
        // Before the clock runs: the login itself may have ended the witness.
        self.look_at_witness()?;
        let sent = self.lab.now();
        let answer = self.lab.refresh(&first)?;
        let answered = self.lab.now();
        let (access, next) = match answer {
            Answer::Granted(access, Some(next)) if next != first => (access, next),
            Answer::Granted(..) if self.seen.rotates != Some(true) => {
                self.seen.rotates = Some(false);
                return Ok(None);
            }
            Answer::Granted(..) => {
                return Err(Stopped(
                    "the server rotated one grant's refresh token and kept another's".to_owned(),
                ));
            }
            Answer::Refused => {
                return Err(Stopped("the server refused the first refresh of a new grant".to_owned()));
            }
        };
        self.seen.rotates = Some(true);
        Ok(Some(Spent { first, access, next, sent, answered, replayed: false }))
    }

    /// Presents one grant's spent token at once and then again and again, until it is refused. Nothing where that was at
    /// once: then there is no window to look for.
    fn series(&mut self, grant: &mut Spent<L::Token>) -> Result<Option<Guess>, Stopped> {
        if self.replay(grant)? == Reply::Refused {
            return Ok(None);
        }
        let mut forgiven = Duration::ZERO;
        while let Some(time) = plan::next_in_series(forgiven, self.longest) {
            self.lab.wait_until(grant.answered + time, "replays of one grant");
            if self.replay(grant)? == Reply::Refused {
                return Ok(Some(Guess { forgiven, refused: Some(time) }));
            }
            forgiven = time;
        }
        Ok(Some(Guess { forgiven, refused: None }))
    }

    /// Presents the spent token again, and looks at what that has left.
    fn replay(&mut self, grant: &mut Spent<L::Token>) -> Result<Reply, Stopped> {
        let sent = self.lab.now();
        let answer = self.lab.refresh(&grant.first)?;
        let answered = self.lab.now();
        let reply = match answer {
            Answer::Refused => Reply::Refused,
            Answer::Granted(_, None) => Reply::WithoutRefreshToken,
            Answer::Granted(access, Some(next)) if next == grant.next && access == grant.access => {
                Reply::SamePair
            }
            Answer::Granted(_, Some(next)) if next == grant.next => Reply::ActiveToken,
            Answer::Granted(..) => Reply::NewSibling,
        };
        let first = !grant.replayed;
        grant.replayed = true;
        let at_least = sent.saturating_sub(grant.answered);
        let at_most = answered.saturating_sub(grant.sent);
        self.seen.replays.push(Replayed { at_least, at_most, first, reply });
        if reply == Reply::Refused {
            // After forgiven replays, the one that the server takes for the successor may be another.
            let successor = if first { self.fate(&grant.next.clone())? } else { Fate::Unknown };
            let witness = self.look_at_witness()?;
            self.seen.aftermaths.push(Aftermath { successor, witness });
        }
        Ok(reply)
    }

    fn fate(&mut self, token: &L::Token) -> Result<Fate, Stopped> {
        Ok(match self.lab.refresh(token)? {
            Answer::Granted(..) => Fate::Alive,
            Answer::Refused => Fate::Dead,
        })
    }

    /// Refreshes the witness. Once it is dead it is none any more.
    fn look_at_witness(&mut self) -> Result<Fate, Stopped> {
        let Some(token) = self.witness.take() else { return Ok(Fate::Unknown) };
        Ok(match self.lab.refresh(&token)? {
            Answer::Granted(_, next) => {
                self.witness = Some(next.unwrap_or(token));
                Fate::Alive
            }
            Answer::Refused => Fate::Dead,
        })
    }

    /// Spends two refresh tokens of a new grant, and presents the first of them late in the window.
    fn depth(&mut self, window: Duration) -> Result<(), Stopped> {
        let time = window * 4 / 5;
        let what_for = format!("the token before the previous one, after {}", brief(time));
        let Some(grant) = self.spend(&what_for)? else { return Ok(()) };
        let current = match self.lab.refresh(&grant.next)? {
            Answer::Granted(_, next) => next.unwrap_or(grant.next),
            Answer::Refused => {
                return Err(Stopped("the server refused the second refresh of a new grant".to_owned()));
            }
        };
        self.lab.wait_until(grant.answered + time, &what_for);
        let after = self.lab.now().saturating_sub(grant.answered);
        let forgiven = self.fate(&grant.first)? == Fate::Alive;
        self.seen.grandparent = Some((after, forgiven));
        if !forgiven {
            let successor = self.fate(&current)?;
            let witness = self.look_at_witness()?;
            self.seen.aftermaths.push(Aftermath { successor, witness });
        }
        Ok(())
    }
}

/// `9 s` or `1.5 s`.
pub(super) fn brief(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    if tenths.is_multiple_of(10) {
        format!("{} s", tenths / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
#[path = "measure_tests.rs"]
mod tests;
