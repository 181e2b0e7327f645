// The story as a Worker, and the one thing that only a Worker does: a request that asks for several others may go away.

import * as entry from "./index.js";
import { story } from "./story.mjs";

let service;

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/story") return Response.json(await story(entry, await request.json()));
    service ??= entry.openService({ url: searchParams.get("url"), key: searchParams.get("key"), name: "broker", timeout: Number(searchParams.get("timeout")) });
    const { token, reason, code } = await service.getValidSession().catch((error) => error);
    return Response.json({ token, reason, code });
  },
};
