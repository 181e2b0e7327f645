// What a page complains of, from its first moment on: no driver tells that of every browser.

globalThis.wrong = [];
addEventListener("error", ({ message }) => globalThis.wrong.push(message));
addEventListener("unhandledrejection", ({ reason }) => globalThis.wrong.push(`${reason}`));
addEventListener("securitypolicyviolation", ({ violatedDirective, sourceFile }) => globalThis.wrong.push(`${violatedDirective} forbids something of ${sourceFile}`));
