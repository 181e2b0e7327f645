// Counts what a session puts on the bill, for `cargo xtask cost`: one JSON object on stdout, in the words of
// crates/xtask/src/cost/counts.rs. EVERLIT_WORKER_BUILD names the bundle.

import { measureBill, rowsOf } from "./support/bill.mjs";

const bill = await measureBill();

/** @param {import("./support/bill.mjs").Step[]} steps */
const step = (...steps) => {
  const total = (/** @type {(one: import("./support/bill.mjs").Step) => number} */ of) => steps.reduce((all, one) => all + of(one), 0);
  return {
    rows: total(rowsOf),
    rearmed: total((one) => one.set_alarm_in_handler),
    rows_read: total((one) => one.rows_read),
    object_requests: total((one) => one.requests + one.alarms_rung),
  };
};

console.log(JSON.stringify({
  // With the alarm that guarded it, which rings when it is over.
  refresh: step(bill.steadyRefresh, bill.steadyAlarm),
  proxied_call: step(bill.proxiedCall),
  page_load: step(bill.pageLoad),
  login: step(bill.login),
  logout: step(bill.logout),
}));
