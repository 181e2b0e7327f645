/** How the pages of the demo authorization server look; those of `cargo xtask demo` look the same. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f9; --glow: #e3e4fb; --card: #fff; --line: #e2e4ec; --field: #fff; --field-line: #c3c7d4;
  --text: #171a26; --quiet: #5a6072; --accent: #4f46e5; --accent-over: #4338ca; --on-accent: #fff;
  --soft: #eef0fe; --soft-text: #3730a3; --bad: #b42318; --bad-soft: #fef3f2;
  --shadow: 0 1px 2px rgb(23 26 38 / .05), 0 18px 50px -16px rgb(23 26 38 / .18);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1018; --glow: #1d1e3f; --card: #171a26; --line: #292d3d; --field: #10131d; --field-line: #434961;
    --text: #eceef6; --quiet: #a2a9bd; --accent: #818cf8; --accent-over: #a5b0fb; --on-accent: #11132a;
    --soft: #20234a; --soft-text: #c7cdfd; --bad: #fda29b; --bad-soft: #391715;
    --shadow: 0 1px 2px rgb(0 0 0 / .4), 0 18px 50px -16px rgb(0 0 0 / .7);
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  min-height: 100vh; min-height: 100dvh; padding: 24px 16px; display: grid; grid-template-rows: 1fr auto; gap: 24px;
  justify-items: center; align-items: center;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; color: var(--text);
  background: radial-gradient(60rem 34rem at 50% -10rem, var(--glow), transparent) no-repeat var(--ground);
}
main {
  width: 100%; max-width: 420px; padding: 36px; border: 1px solid var(--line); border-radius: 20px;
  background: var(--card); box-shadow: var(--shadow);
}
.mark { display: flex; align-items: center; gap: 10px; margin-bottom: 28px; font-weight: 600; font-size: 15px; letter-spacing: -.005em; }
.mark svg { width: 30px; height: 30px; flex: none; }
.mark rect { fill: var(--accent); } .mark path { fill: var(--on-accent); }
h1 { font-size: 25px; line-height: 1.25; letter-spacing: -.02em; font-weight: 650; text-wrap: balance; }
.lead { margin-top: 6px; color: var(--quiet); overflow-wrap: anywhere; }
.lead b, .lead a { color: var(--text); font-weight: 600; }
label { display: block; margin: 26px 0 6px; font-size: 14px; font-weight: 550; }
input[type=text] {
  width: 100%; height: 46px; padding: 0 14px; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--field-line); border-radius: 11px;
}
input:focus { outline: 3px solid color-mix(in srgb, var(--accent) 30%, transparent); border-color: var(--accent); }
button {
  width: 100%; min-height: 48px; padding: 10px 18px; font: inherit; font-weight: 600; cursor: pointer;
  border-radius: 11px; border: 1px solid transparent; color: var(--on-accent); background: var(--accent);
}
button:hover { background: var(--accent-over); }
button:focus-visible { outline: 3px solid color-mix(in srgb, var(--accent) 45%, transparent); outline-offset: 2px; }
button.other { color: var(--text); background: transparent; border-color: var(--field-line); }
button.other:hover { background: var(--soft); }
.row { display: flex; flex-direction: row-reverse; gap: 12px; margin-top: 24px; }
form > button { margin-top: 24px; }
.hint, .bad { margin-top: 22px; padding: 11px 14px; border-radius: 11px; font-size: 14px; background: var(--soft); color: var(--soft-text); overflow-wrap: anywhere; }
.bad { color: var(--bad); background: var(--bad-soft); }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .93em; }
.who { display: flex; align-items: center; gap: 12px; margin-top: 22px; padding: 12px 14px; border: 1px solid var(--line); border-radius: 13px; }
.who i {
  display: grid; place-items: center; flex: none; width: 38px; height: 38px; border-radius: 50%; font-style: normal; font-weight: 650;
  text-transform: uppercase; color: var(--soft-text); background: var(--soft);
}
.who b { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
footer { font-size: 13px; color: var(--quiet); text-align: center; }
@media (max-width: 480px) { main { padding: 28px 22px; } }
`;
