import { defineConfig } from "vite";

// Small files are not put into the script as data: a strict policy lets none be loaded from there.
export default defineConfig({ build: { target: "es2022", assetsInlineLimit: 0 } });
