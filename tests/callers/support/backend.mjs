// The example of a Worker, with an environment that the test says. The broker's API is the stand-in's status, which takes the same kind of header.

import backend from "./example.js";

export default {
  fetch(request) {
    const { searchParams } = new URL(request.url);
    const [url, key] = [searchParams.get("url"), searchParams.get("key")];
    const real = globalThis.fetch;
    globalThis.fetch = (input, init) => real(input, input === `${url}/service/broker/status` ? { headers: { authorization: `Bearer ${key}` } } : init);
    return backend.fetch(request, { EVERLIT_URL: url, EVERLIT_KEY: key, BROKER_API: `${url}/service/broker/status` });
  },
};
