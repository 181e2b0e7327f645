import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SessionProvider } from "everlit/react";
import { App } from "./app";
import "./style.css";

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <SessionProvider options={{ idle: { prompt: 60_000 } }}>
      <App />
    </SessionProvider>
  </StrictMode>,
);
