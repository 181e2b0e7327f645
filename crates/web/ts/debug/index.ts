export type { Happening, TimelineEntry } from "./entry.js";
export type { Environment } from "./environment.js";
export { type DebugPanel, type DebugPanelOptions, openDebugPanel } from "./panel.js";
export { type Recording, type WatchOptions, watch } from "./recording.js";
export { type SessionReport, report } from "./report.js";
export type { SessionSnapshot } from "./snapshot.js";
