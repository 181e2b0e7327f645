/** The time of a stand-in, which tests and demos move; and the wall clock of its market. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** India has one zone and no summer time. */
const IST = 330 * MINUTE;

/**
 * @typedef {object} Clock
 * @property {() => number} now in milliseconds since 1970
 * @property {(time: number) => void} set it goes on from there
 * @property {(ms: number) => void} advance
 */

/**
 * @param {() => number} [source] what it goes by; one that stands still makes it stand still between moves
 * @returns {Clock}
 */
export function createClock(source = Date.now) {
  let offset = 0;
  return {
    now: () => source() + offset,
    set: (time) => { offset = time - source(); },
    advance: (ms) => { offset += ms; },
  };
}

/** @param {number} time @returns {Clock} stands still until it is moved */
export function stoppedClock(time) {
  return createClock(() => time);
}

/**
 * The first time strictly after `now` at which clocks in India show this.
 *
 * @param {number} now
 * @param {number} hour
 * @param {number} [minute]
 */
export function nextInIndia(now, hour, minute = 0) {
  const local = now + IST;
  const today = Math.floor(local / DAY) * DAY + (hour * 60 + minute) * MINUTE;
  return (today > local ? today : today + DAY) - IST;
}

/** Which day it is in India, counted. @param {number} now */
export function dayInIndia(now) {
  return Math.floor((now + IST) / DAY);
}

/** Minutes since midnight in India. @param {number} now */
export function minuteInIndia(now) {
  return Math.floor(((now + IST) % DAY) / MINUTE);
}

/** What a clock in India shows: `2026-10-02 20:00:00`. @param {number} now */
export function shownInIndia(now) {
  return new Date(now + IST).toISOString().slice(0, 19).replace("T", " ");
}
