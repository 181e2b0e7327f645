import { SessionProvider } from "everlit/react";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./style.css";

function Page() {
  const [problem, tell] = useState<Error>();
  if (problem) return <p role="alert">{problem.message}</p>;
  return (
    <SessionProvider onError={(error) => tell(error as Error)}>
      <App />
    </SessionProvider>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
