import { fail, ok, unchecked, warn, type Check } from "./check.js";

/** Below it nothing is said: the time comes in whole seconds, over a network. */
const NOTHING = 5;
/** Above it ID Tokens are refused as too old or too new. */
const MUCH = 60;

/** @param ahead seconds by which a clock is ahead of this machine's */
export function clock(whose: string, ahead: number | undefined): Check {
  const name = `clock of ${whose}`;
  if (ahead === undefined) return unchecked(name, "its answers have no Date");
  const seconds = Math.round(Math.abs(ahead));
  if (seconds <= NOTHING) return ok(name, "the same as this machine's");
  const said = `${seconds} s ${ahead > 0 ? "ahead of" : "behind"} this machine's`;
  const remedy = `Have both set by network time (on Linux: timedatectl set-ntp true). If other servers agree with this machine, it is the clock of ${whose} that is wrong.`;
  return seconds > MUCH ? fail(name, said, remedy) : warn(name, said, remedy);
}
