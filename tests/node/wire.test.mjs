import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inside, message } from "./inside.mjs";
import { html, nothing, ok, problem } from "./world.mjs";

const { denialOf, problemOf, readLogout, readSession, readToken } = inside.wire;
const { Denial, Failure, SessionKind, TokenKind } = inside.abi;

describe("golden messages", () => {
  test("an active session", () => {
    const { numbers, known } = readSession(ok(message("session_active")), 0);
    assert.deepEqual(numbers, [SessionKind.Active, 1790000000123, 8, 41500, 60000, 1790000060250, 0, 1209600000, 1209600000]);
    assert.equal(known.epoch, 1790000000123);
    assert.deepEqual(known.user, { sub: "248289761001", name: "Ada Lovelace", email: "ada@example.com" });
    assert.equal(known.upstreams[0].origin, "https://orders.example.com");
  });

  test("a session that waits for its user", () => {
    const { numbers, known } = readSession(ok(message("session_reauth_required")), 0);
    assert.deepEqual(numbers, [SessionKind.ReauthRequired, 1790000000123, 8, 7]);
    assert.deepEqual(known.user, { sub: "248289761001" });
  });

  test("no session", () => assert.deepEqual(readSession(ok(message("session_logged_out")), 0).numbers, [SessionKind.LoggedOut]));

  test("a token", () => {
    assert.deepEqual(readToken(ok(message("token_response")), 0), [TokenKind.Current, 1790000000123, 8, 59980, 60000, 1790000060250, 0, 1209600000, 1209600000]);
  });

  test("a logout", () => assert.equal(readLogout(ok(message("logout_response"))), true));

  test("problems", () => {
    const ended = { status: 401, retryAfter: NaN, body: message("problem_session_ended") };
    assert.deepEqual(readToken(ended, 0), [TokenKind.Ended]);
    const unavailable = { status: 503, retryAfter: 9000, body: message("problem_temporarily_unavailable") };
    assert.deepEqual(readToken(unavailable, 0), [TokenKind.Failed, Failure.Transient, 2500, 0], "the body's word counts, not the header's");
    const misconfigured = { status: 503, retryAfter: NaN, body: message("problem_misconfigured") };
    assert.deepEqual(readToken(misconfigured, 0), [TokenKind.Failed, Failure.Misconfigured, NaN, 0]);
    assert.match(problemOf(misconfigured).detail, /PROVIDER_DEMO/);
  });

  test("the time since the question left is said beside it: the machine does the sum", () => {
    assert.deepEqual(readToken(ok(message("token_response")), 1_250).slice(3, 7), [59_980, 60_000, 1_790_000_060_250, 1_250]);
    const unavailable = { status: 503, body: message("problem_temporarily_unavailable"), retryAfter: NaN };
    assert.deepEqual(readToken(unavailable, 1_000).slice(2), [2_500, 1_000]);
  });

  test("the ways of silent re-login, and none that nobody knows yet", () => {
    const reauth = { status: 401, retryAfter: NaN, body: message("problem_reauth_required") };
    assert.equal(readToken(reauth, 0)[0], TokenKind.ReauthRequired);
    const silent = (silent) => readSession(ok({ ...message("session_reauth_required"), silent }), 0).numbers[3];
    assert.deepEqual([silent([]), silent(["popup"]), silent(["frame", "redirect"]), silent(["telepathy", "popup"])], [0, 2, 5, 2]);
  });
});

const READERS = {
  session_active: (body) => readSession(ok(body), 0).numbers[0] === SessionKind.Active,
  session_reauth_required: (body) => readSession(ok(body), 0).numbers[0] === SessionKind.ReauthRequired,
  session_logged_out: (body) => readSession(ok(body), 0).numbers[0] === SessionKind.LoggedOut,
  token_response: (body) => readToken(ok(body), 0)[0] === TokenKind.Current,
  logout_response: (body) => readLogout(ok(body)),
  problem_session_ended: (body) => problemOf({ status: 401, body }) !== undefined,
  problem_temporarily_unavailable: (body) => problemOf({ status: 503, body }) !== undefined,
  problem_misconfigured: (body) => problemOf({ status: 503, body }) !== undefined,
};
/** Members that may be absent. */
const OPTIONAL = ["user.name", "user.email", "detail", "retry_after", "reason", "silent", "providers.own"];
/** Wrong for any member, whatever it is; `true` is wrong for any that is not `true`. */
const WRONG = [null, true, -1, -0.5, 1e300, { a: 1 }, [[]]];

/** Every member of a message, in its depth: [path, object that holds it, name]. */
function* members(value, path = "") {
  for (const [name, member] of Object.entries(value)) {
    const here = Array.isArray(value) ? path : `${path}${path && "."}${name}`;
    if (!Array.isArray(value)) yield [here, value, name];
    if (typeof member === "object") yield* members(member, here);
  }
}

describe("a broken message is refused whole", () => {
  for (const [name, accepts] of Object.entries(READERS)) {
    test(name, () => {
      assert.ok(accepts(message(name)), "as it is");
      assert.ok(accepts({ ...message(name), news: 1 }), "with a member that nobody knows yet");
      const paths = [...members(message(name))].map(([path]) => path);
      assert.ok(paths.length > 1);
      for (let at = 0; at < paths.length; at += 1) {
        const broken = (change) => {
          const body = message(name);
          const [, holder, member] = [...members(body)][at];
          change(holder, member);
          return body;
        };
        const absent = broken((holder, member) => delete holder[member]);
        assert.equal(accepts(absent), OPTIONAL.includes(paths[at]), `${paths[at]} is absent`);
        const original = [...members(message(name))][at];
        const other = typeof original[1][original[2]] === "string" ? 7 : "seven";
        for (const wrong of [...WRONG, other].filter((value) => value !== original[1][original[2]])) {
          assert.equal(accepts(broken((holder, member) => (holder[member] = wrong))), false, `${paths[at]} is ${JSON.stringify(wrong)}`);
        }
      }
    });
  }

  test("whatever is no object", () => {
    for (const body of [undefined, null, 7, "", "active", [], true]) {
      assert.equal(readSession(ok(body), 0).numbers[0], SessionKind.Failed);
      assert.equal(readToken(ok(body), 0)[0], TokenKind.Failed);
      assert.equal(readLogout(ok(body)), false);
      assert.equal(problemOf({ status: 401, body }), undefined);
    }
  });

  test("another version, older or newer", () => {
    for (const v of [0, 2, "1"]) {
      assert.equal(readSession(ok({ ...message("session_active"), v }), 0).numbers[0], SessionKind.Failed);
      assert.equal(readToken(ok({ ...message("token_response"), v }), 0)[0], TokenKind.Failed);
    }
  });

  test("a generation or an epoch that no number holds", () => {
    assert.equal(READERS.token_response({ ...message("token_response"), generation: 2 ** 32 }), false);
    assert.equal(READERS.token_response({ ...message("token_response"), generation: 1.5 }), false);
    assert.equal(READERS.token_response({ ...message("token_response"), epoch: 2 ** 53 }), false);
  });
});

describe("nothing but a word of the Worker's own ends a session", () => {
  const answers = [html(200), html(401), html(403), html(500), nothing, { status: 401, body: { error: "invalid_token" } }, problem(400, "bad_request"), problem(401, "unheard_of")];
  test("not a page, a foreign 401 or an unknown code", () => {
    for (const answer of answers) {
      const said = { retryAfter: NaN, ...answer };
      assert.deepEqual(readToken(said, 0), [TokenKind.Failed, Failure.Transient, NaN, 0]);
      assert.deepEqual(readSession(said, 0).numbers, [SessionKind.Failed, Failure.Transient, NaN, 0]);
      assert.equal(readLogout(said), false);
    }
  });

  test("not a problem whose status or type is another", () => {
    const { body } = problem(401, "session_ended");
    assert.equal(readToken({ status: 200, retryAfter: NaN, body }, 0)[0], TokenKind.Failed);
    assert.equal(readToken({ status: 401, retryAfter: NaN, body: { ...body, type: "about:blank" } }, 0)[0], TokenKind.Failed);
  });

  test("its own words do", () => {
    assert.deepEqual(readToken(problem(401, "logged_out"), 0), [TokenKind.LoggedOut]);
    assert.deepEqual(readToken(problem(401, "reauth_required"), 0), [TokenKind.ReauthRequired, 0]);
    assert.equal(readLogout(problem(401, "logged_out")), true, "what is over need not be ended");
  });

  test("a throttled answer says how long", () => {
    assert.deepEqual(readToken({ status: 429, retryAfter: 7000 }, 0), [TokenKind.Failed, Failure.Throttled, 7000, 0]);
    assert.deepEqual(readToken(problem(429, "throttled", { retry_after: 3 }), 0), [TokenKind.Failed, Failure.Throttled, 3000, 0]);
  });
});

describe("a refused call", () => {
  const response = (status, code) => new Response("", { status, headers: code ? { "everlit-code": code } : {} });
  test("is the session's matter only if the Worker says so", () => {
    assert.equal(denialOf(response(401, "access_expired")), Denial.AccessExpired);
    assert.equal(denialOf(response(401, "reauth_required")), Denial.ReauthRequired);
    assert.equal(denialOf(response(401, "session_ended")), Denial.Ended);
    assert.equal(denialOf(response(401, "logged_out")), Denial.LoggedOut);
  });

  test("is the resource server's otherwise", () => {
    for (const [status, code] of [[401], [200, "access_expired"], [403, "logged_out"], [401, "constructor"], [401, "unheard_of"]]) {
      assert.equal(denialOf(response(status, code)), undefined);
    }
  });
});
