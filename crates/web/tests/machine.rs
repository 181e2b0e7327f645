//! The machine as JavaScript drives it: numbers in, rows of numbers out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use everlit_core::tab::{Reason, State};
use everlit_web::Machine;
use everlit_web::abi::{self, EffectKind, EventKind, Numbered as _, PeerKind, ROW, SessionKind, TokenKind};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const EPOCH: f64 = 1_790_000_000_123.0;
const MINUTE: f64 = 60_000.0;

/// A machine and its clocks.
struct Driver {
    machine: Machine,
    now: f64,
}

/// A row: a kind and its numbers.
type Row = [f64; ROW];

impl Driver {
    fn new() -> Self {
        Self { machine: Machine::new(), now: 1_000.0 }
    }

    fn after(&mut self, ms: f64) -> &mut Self {
        self.now += ms;
        self
    }

    fn try_step(&mut self, kind: f64, numbers: &[f64]) -> Option<Vec<f64>> {
        let number = |at: usize| numbers.get(at).copied().unwrap_or(f64::NAN);
        let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(number);
        self.machine.step(EPOCH + self.now, self.now, 0, kind, a, b, c, d, e, f)
    }

    /// Where the machine stands, and the effects.
    fn step(&mut self, kind: EventKind, numbers: &[f64]) -> (Row, Vec<Row>) {
        let rows = self.try_step(kind.number(), numbers).unwrap();
        let mut rows = rows.chunks(ROW).map(|row| row.try_into().unwrap());
        (rows.next().unwrap(), rows.collect())
    }

    /// A machine that holds the first token of a minute, as of now.
    fn active() -> Self {
        let mut driver = Self::new();
        let (_, effects) = driver.step(EventKind::Opened, &[]);
        let request = effects.last().unwrap()[1];
        let answer = [request, SessionKind::Active.number(), EPOCH, 1.0, MINUTE, MINUTE];
        let (standing, _) = driver.step(EventKind::SessionAnswered, &answer);
        assert_eq!(
            standing,
            [abi::state(State::Active), driver.now + 48_000.0, EPOCH, 1.0, driver.now + MINUTE, MINUTE]
        );
        driver
    }
}

fn kinds(effects: &[Row]) -> Vec<f64> {
    effects.iter().map(|row| row[0]).collect()
}

#[test]
fn a_session_lives_through_login_refresh_and_logout() {
    let mut driver = Driver::active();
    let (standing, effects) = driver.after(50_000.0).step(EventKind::DeadlineReached, &[]);
    assert_eq!(standing[0], abi::state(State::Refreshing));
    assert_eq!(kinds(&effects), [EffectKind::Transition.number(), EffectKind::RequestToken.number()]);
    let (active, refreshing) = (abi::state(State::Active), abi::state(State::Refreshing));
    assert_eq!(effects[0][2..5], [active, refreshing, abi::reason(Reason::Deadline)]);
    let [_, request, epoch, generation, ..] = effects[1];
    assert_eq!((epoch, generation), (EPOCH, 1.0));

    let answer = [request, TokenKind::Current.number(), EPOCH, 2.0, MINUTE, MINUTE];
    let (standing, effects) = driver.after(80.0).step(EventKind::TokenAnswered, &answer);
    assert_eq!((standing[0], standing[3]), (active, 2.0));
    let ends_at = EPOCH + driver.now + MINUTE;
    assert_eq!(
        effects[0],
        [EffectKind::Tell.number(), PeerKind::Moved.number(), EPOCH, 2.0, ends_at, MINUTE]
    );

    let (_, effects) = driver.step(EventKind::LogoutAsked, &[]);
    assert_eq!(kinds(&effects), [EffectKind::PostLogout.number()]);
    let (standing, effects) = driver.step(EventKind::LogoutAnswered, &[effects[0][1], 1.0]);
    assert_eq!(standing, [abi::state(State::LoggedOut), f64::INFINITY, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(effects.last().unwrap()[..2], [EffectKind::SettleLogout.number(), 1.0]);
}

#[test]
fn a_call_goes_out_is_denied_and_goes_out_again() {
    let mut driver = Driver::active();
    let (_, effects) = driver.step(EventKind::CallAsked, &[7.0]);
    assert_eq!(effects, [[EffectKind::SendCall.number(), 7.0, EPOCH, 1.0, 0.0, 0.0]]);
    let (standing, effects) = driver.step(EventKind::CallDenied, &[7.0, EPOCH, 1.0, 0.0, 0.0]);
    assert_eq!(standing[0], abi::state(State::Refreshing));
    let request = effects.last().unwrap()[1];
    let answer = [request, TokenKind::Current.number(), EPOCH, 2.0, MINUTE, MINUTE];
    let (_, effects) = driver.step(EventKind::TokenAnswered, &answer);
    assert_eq!(effects.last().unwrap()[..4], [EffectKind::SendCall.number(), 7.0, EPOCH, 2.0]);
    let (_, effects) = driver.step(EventKind::CallDenied, &[7.0, EPOCH, 2.0, 1.0, 0.0]);
    assert_eq!(effects, [[EffectKind::DeliverCall.number(), 7.0, 0.0, 0.0, 0.0, 0.0]]);
}

#[test]
fn the_deadline_is_infinite_without_one_and_advances_when_it_was_handled() {
    let mut driver = Driver::new();
    let (standing, _) = driver.step(EventKind::Nudged, &[]);
    assert_eq!(standing[1], f64::INFINITY, "a machine that was not opened waits for nothing");
    let mut driver = Driver::active();
    let mut deadline = driver.now + 48_000.0;
    for _ in 0..20 {
        driver.now = deadline;
        let (standing, _) = driver.step(EventKind::DeadlineReached, &[]);
        assert!(standing[1] > deadline);
        deadline = standing[1];
    }
}

#[test]
fn numbers_that_make_no_event_are_refused_and_change_nothing() {
    let mut driver = Driver::active();
    let before = driver.step(EventKind::Nudged, &[]);
    let bad = [f64::NAN, -1.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, 1e300, 9_007_199_254_740_993.0];
    for kind in bad.into_iter().chain([EventKind::ALL.len() as f64]) {
        assert_eq!(driver.try_step(kind, &[0.0; 6]), None, "kind {kind}");
    }
    for bad in bad {
        for (kind, numbers) in [
            (EventKind::SessionAnswered, &[bad, 0.0, 1.0, 1.0, 1.0, 1.0][..]),
            (EventKind::SessionAnswered, &[1.0, bad, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::SessionAnswered, &[1.0, 1.0, bad, 1.0]),
            (EventKind::TokenAnswered, &[1.0, 0.0, bad, 1.0, 1.0, 1.0]),
            (EventKind::TokenAnswered, &[1.0, 0.0, 1.0, bad, 1.0, 1.0]),
            (EventKind::TokenAnswered, &[1.0, 4.0, bad, 1.0]),
            (EventKind::LogoutAnswered, &[1.0, bad]),
            (EventKind::CallAsked, &[bad]),
            (EventKind::CallDenied, &[1.0, EPOCH, 1.0, bad, 0.0]),
            (EventKind::CallDenied, &[1.0, EPOCH, 1.0, 0.0, bad]),
            (EventKind::CallCancelled, &[bad]),
            (EventKind::PeerTold, &[bad, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::PeerTold, &[1.0, bad]),
        ] {
            assert_eq!(driver.try_step(kind.number(), numbers), None, "{kind:?} {numbers:?}");
        }
    }
    assert_eq!(driver.try_step(EventKind::CallAsked.number(), &[4_294_967_296.0]), None, "an id has 32 bits");
    assert_eq!(driver.try_step(EventKind::LogoutAnswered.number(), &[1.0, 2.0]), None, "yes or no");
    for bad in [f64::NAN, -1.0, f64::INFINITY, 1e300] {
        let machine = &mut driver.machine;
        assert_eq!(machine.step(bad, 1.0, 0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), None);
        assert_eq!(machine.step(1.0, bad, 0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), None);
    }
    assert_eq!(driver.step(EventKind::Nudged, &[]), before);
}

#[test]
fn a_wait_that_no_server_asked_for_is_no_mistake() {
    for (wait, expected) in [(f64::NAN, 500.0), (20_000.0, 20_000.0)] {
        let mut driver = Driver::new();
        let (_, effects) = driver.step(EventKind::Opened, &[]);
        let answer = [effects.last().unwrap()[1], SessionKind::Failed.number(), 0.0, wait];
        let (standing, _) = driver.step(EventKind::SessionAnswered, &answer);
        assert_eq!(standing[..2], [abi::state(State::Degraded), driver.now + expected]);
    }
}

#[test]
fn every_event_with_every_small_number_is_taken_in_every_state_or_refused() {
    // Whatever a page could send: none of it may panic, and after a deadline the next one is later.
    let small = [f64::NAN, 0.0, 1.0, 2.0, EPOCH];
    for (seed, kind) in (0..EventKind::ALL.len()).flat_map(|kind| (0_u16..125).map(move |seed| (seed, kind)))
    {
        let pick = |place: u32| small[usize::from(seed / 5_u16.pow(place) % 5)];
        let numbers = [1.0, pick(0), EPOCH, pick(1), pick(2), MINUTE];
        for mut driver in [Driver::new(), Driver::active()] {
            drop(driver.try_step(kind as f64, &numbers));
            drop(driver.after(40_000.0).try_step(EventKind::DeadlineReached.number(), &[]));
            let (standing, _) = driver.step(EventKind::DeadlineReached, &[]);
            assert!(standing[1] > driver.now, "{kind} {numbers:?}");
        }
    }
}
