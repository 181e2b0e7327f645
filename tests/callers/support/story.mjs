// What a program does with `everlit/service`, the same in every runtime: nothing here is of Node. What came of it is compared by the test.

/**
 * @param {typeof import("everlit/service")} entry
 * @param {{ url: string, key: string, signingKey: string, alert: { headers: Record<string, string>, body: string } }} given
 */
export async function story({ openService, isServiceError }, { url, key, signingKey, alert }) {
  const service = openService({ url, key, name: "broker", signingKey });
  const heard = [];
  service.onAlert(({ kind, service: of, id }) => heard.push([kind, of, id]));
  // The stand-in breaks the first two answers off.
  const [first, ...more] = await Promise.all(Array.from({ length: 10 }, () => service.getValidSession()));
  const second = await service.refresh({ holds: first });
  const status = await service.getSessionStatus();
  const post = (body) => new Request("https://orders.example.com/alerts", { method: "POST", headers: alert.headers, body });
  const answers = [];
  for (const body of [alert.body, alert.body, `${alert.body} `]) answers.push((await service.handleAlert(post(body))).status);
  const none = await service.getValidSession();
  const wrong = await openService({ url, key: key.toUpperCase(), name: "broker" }).getValidSession().catch((error) => error);
  const aborted = await service.getSessionStatus({ signal: AbortSignal.abort(new Error("enough")) }).catch((error) => error.message);
  return {
    tokens: [first.token, second.token], together: more.every(({ token }) => token === first.token),
    status: [status.status, status.expiresIn], none: [none.token, none.reason, none.retryAfter], answers, heard,
    wrong: isServiceError(wrong) && wrong.code, aborted, shown: JSON.stringify([service, first, wrong]).includes(key) || JSON.stringify(first).includes(first.token),
  };
}
