/** A browser as far as the authorization server can tell: cookies, redirects, forms. */

import assert from "node:assert/strict";

import { CookieJar } from "./cookie-jar.mjs";

const MOST_REDIRECTS = 10;

/**
 * @typedef {object} Page
 * @property {URL} url
 * @property {number} status
 * @property {Headers} headers
 * @property {string} text
 */

export class Browser {
  #jar = new CookieJar();
  #origin;

  /** @param {string} origin of the authorization server; a redirect elsewhere is where a visit ends */
  constructor(origin) {
    this.#origin = origin;
  }

  /**
   * @param {string | URL} address
   * @param {URLSearchParams} [form] posted if given
   * @returns {Promise<Page>}
   */
  async visit(address, form) {
    let url = new URL(address);
    let body = form;
    for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
      if (url.origin !== this.#origin) return { url, status: 0, headers: new Headers(), text: "" };
      const response = await fetch(url, {
        method: body ? "POST" : "GET",
        ...(body ? { body } : {}),
        headers: { accept: "text/html", cookie: this.#jar.header(url) },
        redirect: "manual",
      });
      this.#jar.store(url, response);
      const text = await response.text();
      const location = response.headers.get("location");
      if (location === null) return { url, status: response.status, headers: response.headers, text };
      assert.ok([302, 303].includes(response.status), "a form is never posted on to another page");
      url = new URL(location, url);
      body = undefined;
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects`);
  }

  /**
   * Follows an authorization request to its end, as a person would who signs in and allows what is asked.
   *
   * @param {string | URL} request
   * @param {string} login
   * @returns {Promise<{ page: Page, seen: string[] }>} the callback's address, not visited; and the forms there were
   */
  async authorize(request, login) {
    let page = await this.visit(request);
    const seen = [];
    if (page.text.includes('data-testid="sign-in"')) {
      seen.push("sign-in");
      page = await this.press(page, "sign-in", { login, password: "any" });
    }
    if (page.text.includes('data-testid="allow"')) {
      seen.push("consent");
      page = await this.press(page, "allow");
    }
    assert.equal(page.status, 0, `the login ends at the app, not at ${page.url}`);
    return { page, seen };
  }

  /**
   * Presses a button.
   *
   * @param {Page} page
   * @param {string} testId of the button
   * @param {Record<string, string>} [fields] typed in first
   */
  async press(page, testId, fields = {}) {
    const button = new RegExp(`<button[^>]*data-testid="${testId}"[^>]*>`).exec(page.text)?.[0];
    assert.ok(button, `the page has a button "${testId}": ${page.url}`);
    for (const name of Object.keys(fields)) assert.match(page.text, new RegExp(`<input[^>]* name="${name}"`));
    const name = attribute(button, "name");
    const pressed = name ? { [name]: attribute(button, "value") ?? "" } : {};
    return this.submit(page, { ...fields, ...pressed }, attribute(button, "formaction"));
  }

  /**
   * Sends the form of a page, as its script would.
   *
   * @param {Page} page
   * @param {Record<string, string>} [fields]
   * @param {string} [formAction]
   */
  submit(page, fields = {}, formAction) {
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    const form = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...fields,
    });
    const action = formAction ?? attribute(/<form[^>]*>/.exec(page.text)?.[0] ?? "", "action");
    assert.ok(action, "the form says where it goes");
    return this.visit(new URL(action, page.url), form);
  }
}

/** @param {string} tag @param {string} name */
function attribute(tag, name) {
  return new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];
}
