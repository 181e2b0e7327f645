// What all elements share, in a chunk of its own.

export { type Drawn, type Kid, SPIN, type View, button, h, icon } from "./draw.js";
export { EverlitElement, defineAs } from "./element.js";
export { HOUR, type Place, countdown, left, moment } from "./words.js";
