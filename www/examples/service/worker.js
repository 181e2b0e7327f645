// A backend of an app as a Worker: its page calls it with `session.fetch("/rows", { passthrough: true })`, and waits where only a person can go on.
// EVERLIT_URL and the secret EVERLIT_KEY are of the everlit Worker: a caller of the service `broker`.

import { openService, reauthRequired } from "everlit/service";

let broker;

export default {
  async fetch(request, env) {
    broker ??= openService({ url: env.EVERLIT_URL, name: "broker", key: env.EVERLIT_KEY });
    try {
      // The one line of each route that needs the account.
      const { token } = await broker.requireSession();
      return await fetch(env.BROKER_API, { headers: { authorization: `Bearer ${token}` } });
    } catch (error) {
      return reauthRequired(error) ?? Response.json({ title: "Try again later." }, { status: 502 });
    }
  },
};
