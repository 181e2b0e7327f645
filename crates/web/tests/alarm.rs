//! The timer, in a real browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::cell::RefCell;
use std::rc::Rc;

use everlit_web::Alarm;
use js_sys::{Date, Function, Promise};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(due: &Function, delay: f64);
}

/// Lets so many milliseconds pass by the browser's own timer.
async fn pass(ms: f64) {
    JsFuture::from(Promise::new(&mut |resolve, _| set_timeout(&resolve, ms))).await.unwrap();
}

/// An alarm that counts, and what it counted.
fn counting() -> (Alarm, Rc<RefCell<u32>>) {
    let count = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&count);
    let due = Closure::<dyn FnMut()>::new(move || *counted.borrow_mut() += 1).into_js_value();
    (Alarm::new(due.unchecked_into()), count)
}

#[wasm_bindgen_test]
async fn it_fires_once_and_not_before_its_time() {
    let (mut alarm, count) = counting();
    let began = Date::now();
    alarm.arm(40.0);
    while *count.borrow() == 0 {
        pass(1.0).await;
    }
    assert!(Date::now() - began >= 39.0);
    pass(60.0).await;
    assert_eq!(*count.borrow(), 1);
}

#[wasm_bindgen_test]
async fn it_waits_for_the_last_thing_it_was_armed_for() {
    let (mut alarm, count) = counting();
    alarm.arm(5.0);
    alarm.arm(f64::INFINITY);
    pass(30.0).await;
    assert_eq!(*count.borrow(), 0, "nothing to wait for");
    alarm.arm(5.0);
    alarm.arm(20.0);
    pass(60.0).await;
    assert_eq!(*count.borrow(), 1);
}

#[wasm_bindgen_test]
async fn a_delay_that_set_timeout_cannot_count_does_not_fire_at_once() {
    let (mut alarm, count) = counting();
    for delay in [2_147_483_648.0, 4_294_967_296.0, 1e300] {
        alarm.arm(delay);
        pass(20.0).await;
        assert_eq!(*count.borrow(), 0, "{delay}");
    }
}

#[wasm_bindgen_test]
async fn it_never_fires_after_it_is_gone() {
    let (mut alarm, count) = counting();
    alarm.arm(5.0);
    drop(alarm);
    pass(30.0).await;
    assert_eq!(*count.borrow(), 0);
}

#[wasm_bindgen_test]
async fn what_it_calls_may_arm_it_again() {
    let alarm = Rc::new(RefCell::new(None::<Alarm>));
    let count = Rc::new(RefCell::new(0));
    let (own, counted) = (Rc::clone(&alarm), Rc::clone(&count));
    let due = Closure::<dyn FnMut()>::new(move || {
        *counted.borrow_mut() += 1;
        if *counted.borrow() < 3 {
            // Fails if the alarm were still borrowed by what fired it.
            own.borrow_mut().as_mut().unwrap().arm(1.0);
        }
    });
    *alarm.borrow_mut() = Some(Alarm::new(due.as_ref().unchecked_ref::<Function>().clone()));
    alarm.borrow_mut().as_mut().unwrap().arm(1.0);
    pass(60.0).await;
    assert_eq!(*count.borrow(), 3);
}
