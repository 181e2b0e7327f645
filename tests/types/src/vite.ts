// The plugin is one to Vite, and its options are checked.

import everlit, { everlit as named } from "everlit/vite";
import { type Plugin, defineConfig } from "vite";

export const plugin: Plugin = everlit();
export default defineConfig({ plugins: [everlit(), named({ worker: "http://localhost:8787" })] });

// @ts-expect-error an address is a text
named({ worker: 8787 });
// @ts-expect-error there is no such option
named({ proxy: true });
