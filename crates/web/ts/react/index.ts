"use client";

export { SessionProvider, type SessionProviderProps } from "./provider.js";
export {
  type Countdown,
  type IdlePrompt,
  useCountdown,
  useHealth,
  useIdlePrompt,
  useProvider,
  useSession,
  useSessionState,
  useUser,
} from "./hooks.js";
