import type { Activity } from "./activity.js";
import type { Channel } from "./channel.js";
import type { Moment } from "./clock.js";
import type { Lifecycle } from "./lifecycle.js";
import type { Lock } from "./lock.js";
import type { PeerNumbers } from "./machine.js";
import type { Page } from "./page.js";
import type { Relogin } from "./relogin.js";
import type { Heard, Socket } from "./socket.js";
import type { Timer } from "./timer.js";
import type { Transport } from "./transport.js";

/** Everything of the outside world that a session touches, but for the app's own calls. */
export interface Platform {
  readonly clock: () => Moment;
  readonly timer: (due: () => void) => Timer;
  /** Does this in a turn of its own. */
  readonly soon: (work: () => void) => void;
  readonly ask: Transport;
  readonly lock: Lock;
  readonly channel: (heard: (message: PeerNumbers) => void) => Channel;
  /** Listens to the Worker at this origin, or at the page's own. */
  readonly socket: (heard: Heard, edge?: string) => Socket;
  readonly life: Lifecycle;
  readonly activity: Activity;
  readonly relog: Relogin;
  /** A name for one question, that no other one has. */
  readonly operation: () => string;
  readonly page: Page;
  /** Of the app's options: whose word counts as the Worker's, where only a person can go on. */
  readonly reauthOrigins?: readonly string[] | undefined;
}
