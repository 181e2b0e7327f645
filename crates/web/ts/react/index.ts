"use client";

export { SessionProvider, type SessionProviderProps } from "./provider.js";
export {
  type Countdown,
  type IdlePrompt,
  type ReauthView,
  useCountdown,
  useHealth,
  useIdlePrompt,
  useProvider,
  useReauth,
  useSession,
  useSessionState,
  useUser,
} from "./hooks.js";
