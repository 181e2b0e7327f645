import everlit from "everlit/vite";
import { defineConfig } from "vite";

// With hot reload: `npx everlit dev --origin http://localhost:5173`, and `npx vite` beside it, which hands on what is the Worker's.
export default defineConfig({
  plugins: [everlit()],
  server: { port: 5173, strictPort: true },
  // Small files are not put into the script as data: a strict policy lets none be loaded from there.
  build: { target: "es2022", assetsInlineLimit: 0 },
});
