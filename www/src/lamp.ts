import type { Session } from "everlit";
import { find } from "./page.js";

const life = find<SVGCircleElement>(".life");
const mark = find<SVGGElement>(".mark");

/** Shows how much of the token's life is left, and where in it the next refresh lies. */
export function showLamp({ token, refreshIn }: Session): void {
  const left = token ? Math.min(1, token.expiresIn / token.lifetime) : 0;
  life.style.strokeDashoffset = `${100 * (1 - left)}`;
  const next = token && refreshIn !== undefined ? (token.expiresIn - refreshIn) / token.lifetime : 0;
  mark.style.opacity = next > 0 ? "1" : "0";
  if (next > 0) mark.style.transform = `rotate(${Math.min(1, next)}turn)`;
}
