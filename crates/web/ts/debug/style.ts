/** How the panel looks: as the demo does. Without images and addresses, so that no policy has to allow anything. */
export const STYLE = `
:host {
  --ground: #fffdf9; --line: #e8e0d3; --ink: #231d16; --quiet: #6f6557; --accent: #a64b08; --on-accent: #fff; --soft: #f6ecdc;
  --bad: #a5281b; --bad-soft: #fdf0ec; --good: #2c6a3a; --light: #f59e0b; --unlit: #b8ab97;
  all: initial; color-scheme: light dark; position: fixed; z-index: 2147483000; inset: auto 16px 16px auto;
  width: min(384px, calc(100vw - 32px)); color: var(--ink);
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :host {
    --ground: #1a1713; --line: #3a332a; --ink: #f4ede1; --quiet: #b3a796; --accent: #f5b34e; --on-accent: #241703; --soft: #2a2219;
    --bad: #ff9c8a; --bad-soft: #33170f; --good: #8fd6a0; --unlit: #6d6253;
  }
}
:host([data-corner^="top"]) { inset-block: 16px auto; }
:host([data-corner$="left"]) { inset-inline: 16px auto; }
*, *::before { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
section {
  display: flex; flex-direction: column; max-height: min(640px, calc(100dvh - 32px)); overflow: hidden; border: 1px solid var(--line);
  border-radius: 16px; background: var(--ground); box-shadow: 0 1px 2px rgb(30 20 5 / .12), 0 18px 48px -16px rgb(30 20 5 / .4);
}
header { display: flex; flex: none; align-items: center; gap: 4px; padding: 6px 6px 6px 14px; cursor: grab; touch-action: none; user-select: none; }
header:active { cursor: grabbing; }
.body { overflow-y: auto; scrollbar-width: thin; scrollbar-color: var(--unlit) transparent; overscroll-behavior: contain; border-top: 1px solid var(--line); }
h2 { font-size: 13px; font-weight: 650; margin-right: 8px; }
.state { display: flex; align-items: center; gap: 7px; margin-right: auto; font-weight: 560; white-space: nowrap; }
.state::before { content: ""; width: 9px; height: 9px; border-radius: 50%; background: var(--unlit); }
[data-mood="well"] .state::before { background: var(--light); box-shadow: 0 0 0 3px color-mix(in srgb, var(--light) 25%, transparent); }
[data-mood="bad"] .state::before { background: var(--bad); }
button { font: inherit; color: inherit; cursor: pointer; border: 1px solid var(--line); border-radius: 9px; background: transparent; padding: 4px 10px; min-height: 30px; font-weight: 560; }
button:hover { background: var(--soft); }
button:focus-visible, summary:focus-visible, .body:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
button[aria-pressed="true"] { border-color: transparent; color: var(--on-accent); background: var(--accent); }
header button { flex: none; border-color: transparent; width: 30px; padding: 0; color: var(--quiet); }
header svg { display: block; margin: auto; width: 16px; height: 16px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 10px 16px; padding: 12px 14px; }
dt { color: var(--quiet); font-size: 12px; }
dd { font-weight: 560; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.wide { grid-column: 1 / -1; }
.big { font-size: 18px; line-height: 1.3; font-weight: 620; letter-spacing: -.01em; }
progress { appearance: none; display: block; width: 100%; height: 4px; margin-top: 4px; border: 0; border-radius: 9px; overflow: hidden; background: var(--soft); }
progress::-webkit-progress-bar { background: var(--soft); }
progress::-webkit-progress-value { background: var(--light); }
progress::-moz-progress-bar { background: var(--light); }
.tag { display: inline-block; margin: 2px 4px 0 0; padding: 1px 8px; border-radius: 99px; background: var(--soft); font-size: 12px; }
.tag.bad, .problem { color: var(--bad); background: var(--bad-soft); }
.problem { margin: 0 14px 12px; padding: 8px 10px; border-radius: 10px; overflow-wrap: anywhere; }
details { border-top: 1px solid var(--line); }
summary::marker { color: var(--quiet); }
summary { padding: 8px 14px; font-weight: 620; cursor: pointer; }
ul, ol { padding: 0; list-style: none; }
ul { padding: 0 14px 8px; }
ul li { display: grid; grid-template-columns: 124px 1fr; gap: 10px; align-items: center; padding: 5px 0; }
ul p { color: var(--quiet); font-size: 12px; line-height: 1.35; }
ol { padding: 0 14px 8px; }
ol li { display: flex; flex-wrap: wrap; gap: 0 8px; padding: 4px 0; font-size: 12px; }
ol li + li { border-top: 1px solid var(--line); }
ol time, ol span { color: var(--quiet); font-variant-numeric: tabular-nums; }
ol time { flex: none; width: 56px; }
ol b { font-weight: 560; overflow-wrap: anywhere; }
ol span { margin-left: auto; overflow-wrap: anywhere; }
li[data-mood="bad"] b { color: var(--bad); }
li[data-mood="played"] b { color: var(--accent); }
.none { padding: 0 14px 10px; color: var(--quiet); }
footer { display: flex; align-items: center; gap: 10px; padding: 10px 14px; border-top: 1px solid var(--line); color: var(--quiet); font-size: 12px; line-height: 1.3; }
footer button { flex: none; color: var(--on-accent); background: var(--accent); border-color: transparent; }
footer button:hover { background: var(--accent); filter: brightness(1.08); }
@media (forced-colors: active) { section { border: 2px solid; } button[aria-pressed="true"] { forced-color-adjust: none; } }
`;
