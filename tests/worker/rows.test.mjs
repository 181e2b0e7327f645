import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { measureBill, rowsOf } from "./support/bill.mjs";

/** The most that one refresh may write: rows of session and escrow, and the alarm that is armed for it. */
const MAX_ROWS = 5;

/** @type {Awaited<ReturnType<typeof measureBill>>} */
let bill;
before(async () => { bill = await measureBill(); });

describe("what is billed", () => {
  for (const which of /** @type {const} */ (["firstRefresh", "steadyRefresh"])) {
    test(`a refresh writes at most ${MAX_ROWS} rows, alarms included (${which})`, () => {
      const { by_object: { vault, escrow, desk, index } } = bill[which];
      assert.ok(rowsOf(bill[which]) <= MAX_ROWS, JSON.stringify(bill[which]));
      // Intent and commit; claim and answer; nothing else. Less would be a count that does not count.
      assert.deepEqual([vault.rows_written, escrow.rows_written, desk.rows_written, index.rows_written], [2, 2, 0, 0]);
      assert.deepEqual([vault.set_alarm, escrow.set_alarm], [1, 0]);
      assert.deepEqual([vault.requests, escrow.requests], [1, 2]);
    });
  }

  for (const which of /** @type {const} */ (["firstAlarm", "steadyAlarm"])) {
    test(`the alarm that guarded it arms itself again, and writes no row (${which})`, (t) => {
      const { alarms_rung, set_alarm, set_alarm_in_handler, rows_written } = bill[which];
      assert.deepEqual([alarms_rung, set_alarm, rows_written], [1, 0, 0]);
      assert.ok(set_alarm_in_handler <= 1);
      t.diagnostic(`armed again inside the handler: ${set_alarm_in_handler}`);
    });
  }

  for (const which of /** @type {const} */ (["proxiedCall", "freshToken", "pageLoad"])) {
    test(`nothing is written by ${which}, and one object is asked`, () => {
      const { rows_written, set_alarm, requests } = bill[which];
      assert.deepEqual([rows_written, set_alarm, requests], [0, 0, 1]);
    });
  }

  test("no timer is pending in an object that is idle", () => {
    assert.ok(bill.timers.waiting > 0, "timers are seen: somebody waits");
    assert.deepEqual([bill.timers.idle, bill.timers.after], [0, 0]);
  });

  test("a login and a logout write a few rows, once", () => {
    const { index } = bill.login.by_object;
    // The first login of a user makes an index: its tables, the entry, and whose it is. A later one writes the entry alone.
    assert.ok(index.rows_written >= 2 && index.rows_written <= 8 && rowsOf(bill.login) <= 22, JSON.stringify(bill.login));
    assert.ok(rowsOf(bill.logout) > 0 && rowsOf(bill.logout) <= 6, JSON.stringify(bill.logout));
    assert.equal(bill.logout.by_object.index.requests, 1, "its line goes");
  });

  test("so do a login with a session at the server, a login again, and a logout by a token", (t) => {
    const { loginWithSid, loginAgain, logoutByToken } = bill;
    for (const [name, step] of Object.entries({ loginWithSid, loginAgain, logoutByToken })) {
      const of = Object.entries(step.by_object).map(([object, { rows_written, set_alarm, requests }]) => `${object} ${rows_written}+${set_alarm} (${requests})`);
      t.diagnostic(`${name}: ${rowsOf(step)} rows: ${of.join(", ")}`);
    }
    const rows = (/** @type {typeof loginAgain} */ step, /** @type {keyof typeof loginAgain.by_object} */ object) => step.by_object[object].rows_written;
    // Two indexes, both made by it; a login again changes its line in each.
    assert.ok(rows(loginWithSid, "index") >= 4 && rows(loginWithSid, "index") <= 16 && rowsOf(loginWithSid) <= 30, JSON.stringify(loginWithSid));
    assert.deepEqual([rows(loginAgain, "vault"), rows(loginAgain, "escrow"), rows(loginAgain, "index")], [1, 0, 2], JSON.stringify(loginAgain));
    assert.ok(rowsOf(loginAgain) <= 8, JSON.stringify(loginAgain));
    // The note, its mark, and the line that goes; the vault's end, and the revocation.
    assert.deepEqual([rows(logoutByToken, "index"), rows(logoutByToken, "escrow"), rows(logoutByToken, "desk")], [3, 0, 0], JSON.stringify(logoutByToken));
    assert.ok(rows(logoutByToken, "vault") >= 1 && rowsOf(logoutByToken) <= 8, JSON.stringify(logoutByToken));
  });
});
