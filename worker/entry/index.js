/* The edge Worker and its objects, as the runtime calls them. */

import * as wasm from "everlit:wasm";

import { handler, object } from "./object.js";

export const Escrow = object(wasm.Escrow);
export const SessionVault = object(wasm.SessionVault);
export const LoginDesk = object(wasm.LoginDesk);
export const SessionIndex = object(wasm.SessionIndex);

export default handler;
