//! The machine as JavaScript drives it: numbers in, rows of numbers out.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

use everlit_core::tab::{Reason, Settings, State};
use everlit_web::abi::{
    ARGUMENTS, EffectKind, EventKind, Numbered as _, PeerKind, ROW, STANDING, SessionKind, TokenKind,
};
use everlit_web::{Machine, codec, number};
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

/// Where the machine stands.
type Standing = [f64; STANDING];

/// What the Worker says of a token, behind its stamp.
const TOKEN: [f64; 6] = [MINUTE, MINUTE, EPOCH, 0.0, 1e9, 1e9];

impl Driver {
    fn new() -> Self {
        Self { machine: Machine::new(Settings { events: false, ..Settings::DEFAULT }), now: 1_000.0 }
    }

    fn after(&mut self, ms: f64) -> &mut Self {
        self.now += ms;
        self
    }

    fn try_step(&mut self, kind: f64, numbers: &[f64]) -> Option<Vec<f64>> {
        for (index, number) in numbers.iter().enumerate() {
            self.machine.give(index, *number);
        }
        let said = self.machine.step(EPOCH + self.now, self.now, 0, kind);
        (said > 0).then(|| (0..said).map(|index| self.machine.said(index)).collect())
    }

    /// Where the machine stands, and the effects.
    fn step(&mut self, kind: EventKind, numbers: &[f64]) -> (Standing, Vec<Row>) {
        let said = self.try_step(kind.number(), numbers).unwrap();
        let (standing, rows) = said.split_at(STANDING);
        (standing.try_into().unwrap(), rows.chunks(ROW).map(|row| row.try_into().unwrap()).collect())
    }

    /// A machine that holds the first token of a minute, as of now.
    fn active() -> Self {
        let mut driver = Self::new();
        let (_, effects) = driver.step(EventKind::Opened, &[0.0]);
        let request = effects.last().unwrap()[1];
        let answer = [&[request, SessionKind::Active.number(), EPOCH, 1.0][..], &TOKEN].concat();
        let (standing, _) = driver.step(EventKind::SessionAnswered, &answer);
        let due = driver.now + 48_000.0;
        assert_eq!(standing[..6], [number!(State::Active), due, EPOCH, 1.0, driver.now + MINUTE, MINUTE]);
        assert_eq!(standing[6..], [0.0, 100.0, 0.0, 0.0, EPOCH - driver.now, 0.0, due]);
        driver
    }
}

/// An answer that brings the token of this generation.
fn current(request: f64, generation: f64) -> Vec<f64> {
    [&[request, TokenKind::Current.number(), EPOCH, generation][..], &TOKEN].concat()
}

fn kinds(effects: &[Row]) -> Vec<f64> {
    effects.iter().map(|row| row[0]).collect()
}

#[test]
fn a_session_lives_through_login_refresh_and_logout() {
    let mut driver = Driver::active();
    let (standing, effects) = driver.after(50_000.0).step(EventKind::DeadlineReached, &[]);
    assert_eq!(standing[0], number!(State::Refreshing));
    assert_eq!(kinds(&effects), [EffectKind::Transition.number(), EffectKind::RequestToken.number()]);
    let (active, refreshing) = (number!(State::Active), number!(State::Refreshing));
    assert_eq!(effects[0][2..5], [active, refreshing, number!(Reason::Deadline)]);
    let [_, request, epoch, generation, ..] = effects[1];
    assert_eq!((epoch, generation), (EPOCH, 1.0));

    let (standing, effects) = driver.after(80.0).step(EventKind::TokenAnswered, &current(request, 2.0));
    assert_eq!((standing[0], standing[3]), (active, 2.0));
    let ends_at = EPOCH + driver.now + MINUTE;
    assert_eq!(
        effects[0],
        [EffectKind::Tell.number(), PeerKind::Moved.number(), EPOCH, 2.0, ends_at, MINUTE]
    );

    let (_, effects) = driver.step(EventKind::LogoutAsked, &[]);
    assert_eq!(kinds(&effects), [EffectKind::PostLogout.number()]);
    let (standing, effects) = driver.step(EventKind::LogoutAnswered, &[effects[0][1], 1.0]);
    assert_eq!(standing[..6], [number!(State::LoggedOut), f64::INFINITY, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(effects.last().unwrap()[..2], [EffectKind::SettleLogout.number(), 1.0]);
}

#[test]
fn a_call_goes_out_is_denied_and_goes_out_again() {
    let mut driver = Driver::active();
    let (_, effects) = driver.step(EventKind::CallAsked, &[7.0, 255.0]);
    assert_eq!(effects, [[EffectKind::SendCall.number(), 7.0, EPOCH, 1.0, 0.0, 0.0]]);
    let (standing, effects) = driver.step(EventKind::CallDenied, &[7.0, 255.0, EPOCH, 1.0, 0.0, 0.0]);
    assert_eq!(standing[0], number!(State::Refreshing));
    let request = effects.last().unwrap()[1];
    let (_, effects) = driver.step(EventKind::TokenAnswered, &current(request, 2.0));
    assert_eq!(effects.last().unwrap()[..4], [EffectKind::SendCall.number(), 7.0, EPOCH, 2.0]);
    let (_, effects) = driver.step(EventKind::CallDenied, &[7.0, 255.0, EPOCH, 2.0, 1.0, 0.0]);
    assert_eq!(effects, [[EffectKind::DeliverCall.number(), 7.0, 0.0, 0.0, 0.0, 0.0]]);
}

#[test]
fn the_deadline_is_infinite_without_one_and_advances_when_it_was_handled() {
    let mut driver = Driver::new();
    let (standing, _) = driver.step(EventKind::Shown, &[]);
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
    let before = driver.step(EventKind::Shown, &[]);
    let bad = [f64::NAN, -1.0, 0.5, f64::INFINITY, f64::NEG_INFINITY, 1e300, 9_007_199_254_740_993.0];
    for kind in bad.into_iter().chain([EventKind::ALL.len() as f64]) {
        assert_eq!(driver.try_step(kind, &[0.0; ARGUMENTS]), None, "kind {kind}");
    }
    for bad in bad {
        for (kind, numbers) in [
            (EventKind::Opened, &[bad][..]),
            (EventKind::SessionAnswered, &[bad, 0.0, EPOCH, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::SessionAnswered, &[1.0, bad, EPOCH, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::SessionAnswered, &[1.0, 0.0, EPOCH, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::SessionAnswered, &[1.0, 1.0, bad, 1.0, 0.0]),
            (EventKind::SessionAnswered, &[1.0, 1.0, EPOCH, 1.0, bad]),
            (EventKind::TokenAnswered, &[1.0, 0.0, bad, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::TokenAnswered, &[1.0, 1.0, bad]),
            (EventKind::TokenAnswered, &[1.0, 4.0, bad, 1.0, 0.0]),
            (EventKind::LogoutAnswered, &[1.0, bad]),
            (EventKind::ReloginAnswered, &[1.0, bad]),
            (EventKind::UserActive, &[bad]),
            (EventKind::CallAsked, &[bad, 0.0]),
            (EventKind::CallAsked, &[1.0, bad]),
            (EventKind::CallDenied, &[1.0, 0.0, EPOCH, 1.0, bad, 0.0]),
            (EventKind::CallDenied, &[1.0, 0.0, EPOCH, 1.0, 0.0, bad]),
            (EventKind::CallCancelled, &[bad]),
            (EventKind::PeerTold, &[bad, 1.0, 1.0, 1.0, 1.0]),
            (EventKind::PeerTold, &[1.0, bad]),
            (EventKind::PeerTold, &[4.0, EPOCH, 1.0, bad]),
            (EventKind::PeerTold, &[5.0, bad, 1.0]),
            (EventKind::ProviderTold, &[0.0, 0.0, bad]),
            (EventKind::SocketOpened, &[bad]),
            (EventKind::SocketTold, &[bad, EPOCH, 1.0]),
        ] {
            assert_eq!(driver.try_step(kind.number(), numbers), None, "{kind:?} {numbers:?}");
        }
    }
    assert_eq!(
        driver.try_step(EventKind::CallAsked.number(), &[4_294_967_296.0, 0.0]),
        None,
        "an id has 32 bits"
    );
    assert_eq!(driver.try_step(EventKind::LogoutAnswered.number(), &[1.0, 2.0]), None, "yes or no");
    for bad in [f64::NAN, -1.0, f64::INFINITY, 1e300] {
        for (wall, mono) in [(bad, 1.0), (1.0, bad)] {
            assert_eq!(driver.machine.step(wall, mono, 0, EventKind::Shown.number()), 0);
        }
    }
    assert_eq!(driver.step(EventKind::Shown, &[]), before);
}

#[test]
fn a_wait_that_no_server_asked_for_is_no_mistake() {
    for (wait, expected) in [(f64::NAN, 500.0), (20_000.0, 20_000.0)] {
        let mut driver = Driver::new();
        let (_, effects) = driver.step(EventKind::Opened, &[0.0]);
        let answer = [effects.last().unwrap()[1], SessionKind::Failed.number(), 0.0, wait, 0.0];
        let (standing, _) = driver.step(EventKind::SessionAnswered, &answer);
        assert_eq!(standing[..2], [number!(State::Degraded), driver.now + expected]);
    }
}

#[test]
fn what_an_app_advises_is_followed() {
    for (advice, expected) in
        [(2_500.0, 2_500.0), (f64::INFINITY, f64::INFINITY), (-1.0, 500.0), (1e300, 500.0), (f64::NAN, 500.0)]
    {
        let mut driver = Driver::new();
        let (_, effects) = driver.step(EventKind::Opened, &[0.0]);
        let request = effects.last().unwrap()[1];
        let answer = [request, SessionKind::Failed.number(), 0.0, f64::NAN, 0.0, advice];
        let (standing, _) = driver.step(EventKind::SessionAnswered, &answer);
        assert_eq!((standing[12], standing[6]), (driver.now + expected, 1.0));
    }
}

#[test]
fn what_an_app_does_not_choose_is_as_it_is() {
    let choose = |numbers: [f64; 7]| {
        let mut settings = Settings::DEFAULT;
        for (place, number) in (0..).zip(numbers) {
            codec::choose(&mut settings, place, number);
        }
        settings
    };
    assert_eq!(choose([f64::NAN; 7]), Settings::DEFAULT);
    assert_eq!(choose([-1.0; 7]), Settings::DEFAULT, "nothing is guessed");
    let chosen = choose([5_000.0, 1.0, 2.0, 3.0, 4.0, 2.0, 0.0]);
    assert_eq!((chosen.ways.bits(), chosen.events), (2, false));
    assert_eq!(chosen.lead.map(|lead| lead.as_millis()), Some(5_000));
}

#[test]
fn every_event_with_every_small_number_is_taken_in_every_state_or_refused() {
    // Whatever a page could send: none of it may panic, and after a deadline the next one is later.
    let small = [f64::NAN, 0.0, 1.0, 2.0, EPOCH];
    for (seed, kind) in (0..EventKind::ALL.len()).flat_map(|kind| (0_u16..125).map(move |seed| (seed, kind)))
    {
        let pick = |place: u32| small[usize::from(seed / 5_u16.pow(place) % 5)];
        let numbers = [1.0, pick(0), EPOCH, pick(1), pick(2), MINUTE, EPOCH, 0.0, MINUTE, MINUTE];
        for mut driver in [Driver::new(), Driver::active()] {
            drop(driver.try_step(kind as f64, &numbers));
            drop(driver.after(40_000.0).try_step(EventKind::DeadlineReached.number(), &[]));
            let (standing, _) = driver.step(EventKind::DeadlineReached, &[]);
            assert!(standing[1] > driver.now, "{kind} {numbers:?}");
        }
    }
}
