// What a bundler's hot reload puts before React.
const runtime = require("react-refresh/runtime");
runtime.injectIntoGlobalHook(globalThis);
module.exports = runtime;
