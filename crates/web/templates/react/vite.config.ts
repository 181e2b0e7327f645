import { defineConfig } from "vite";

export default defineConfig({
  esbuild: { jsx: "automatic" },
  // Small files are not put into the script as data: a strict policy lets none be loaded from there.
  build: { target: "es2022", assetsInlineLimit: 0 },
});
