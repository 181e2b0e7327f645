import type { TimelineEntry } from "./entry.js";
import { TROUBLES } from "./trouble.js";

/** An entry of a timeline in words: what, and why. */
export function inWords(entry: TimelineEntry): readonly [what: string, why: string] {
  switch (entry.kind) {
    case "statechange":
      return [`${entry.from} → ${entry.to}`, entry.reason];
    case "providerchange":
      return [`${entry.provider}: ${entry.from} → ${entry.to}`, entry.reason];
    case "refresh":
      return [`token ${entry.generation}`, entry.elsewhere ? "fetched by another tab" : ""];
    case "healthchange":
      return [`health ${entry.score}, ${entry.grade}`, entry.reasons.join(", ")];
    case "idle":
      return [`user ${entry.presence}`, entry.presence === "prompted" ? `ends in ${duration(entry.left)}` : ""];
    case "loggedout":
      return ["logged out", entry.reason];
    case "beforerelogin":
      return ["silent re-login", entry.way];
    case "problem":
      return [entry.code, entry.detail ?? ""];
    case "played":
      return [`${entry.ended ? "ended" : "played"}: ${TROUBLES.find(({ name }) => name === entry.trouble)?.label}`, ""];
  }
}

/** Milliseconds as a person reads them: `0:42`, `3:07`, `2 h 05 min`, `13 d 4 h`. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const two = (number: number) => `${number}`.padStart(2, "0");
  if (s < 3_600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  const [h, days] = [Math.floor(s / 3_600), Math.floor(s / 86_400)];
  return h < 48 ? `${h} h ${two(Math.floor((s % 3_600) / 60))} min` : `${days} d ${h % 24} h`;
}

/** A difference of clocks: `+1 h 00 min`, `−120 ms`. */
export function difference(ms: number): string {
  const far = Math.abs(ms);
  const sign = ms < 0 ? "−" : "+";
  return far < 1_000 ? `${sign}${Math.round(far)} ms` : far < 60_000 ? `${sign}${(far / 1000).toFixed(1)} s` : `${sign}${duration(far)}`;
}
