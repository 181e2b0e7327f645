/** The few lines of HTTP that the servers share. */

/** A request that cannot be served as it is; carries the status to answer with. */
export class RequestError extends Error {
  /**
   * @param {number} status
   * @param {string} title one sentence for the caller
   */
  constructor(status, title) {
    super(title);
    this.status = status;
  }
}

/**
 * @param {import("node:http").ServerResponse} res
 * @param {number} status
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 */
export function sendJson(res, status, body, headers = {}) {
  res.writeHead(status, {
    "content-type": "application/json",
    "cache-control": "no-store",
    ...headers,
  });
  res.end(JSON.stringify(body));
}

/**
 * An error answer as RFC 9457 problem details.
 *
 * @param {import("node:http").ServerResponse} res
 * @param {number} status
 * @param {string} title
 * @param {Record<string, string>} [headers]
 */
export function sendProblem(res, status, title, headers = {}) {
  const problem = { type: "about:blank", title, status };
  sendJson(res, status, problem, { "content-type": "application/problem+json", ...headers });
}

/**
 * @param {import("node:http").IncomingMessage} req
 * @returns {string} the path, without the query
 */
export function pathOf(req) {
  const [path = "/"] = (req.url ?? "/").split("?", 1);
  return path;
}

/**
 * Reads a whole request body of one media type, up to a limit.
 *
 * @param {import("node:http").IncomingMessage} req
 * @param {string} mediaType
 * @param {number} [limit] in bytes
 * @returns {Promise<string>}
 */
export async function readBody(req, mediaType, limit = 4096) {
  const [type = ""] = (req.headers["content-type"] ?? "").split(";", 1);
  if (type.trim().toLowerCase() !== mediaType) {
    throw new RequestError(415, `The body has to be ${mediaType}.`);
  }
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  for await (const chunk of req) {
    length += chunk.length;
    if (length > limit) throw new RequestError(413, `The body is larger than ${limit} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
