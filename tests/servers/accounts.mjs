/**
 * The demo's accounts: any name is one.
 *
 * Nothing is stored. The subject identifier is the name itself, written in ASCII, so the same name
 * is the same `sub` in every browser and after every start.
 */

/** OpenID Connect Core section 2: `sub` "MUST NOT exceed 255 ASCII characters in length". */
const SUB_LENGTH = 255;

/**
 * @param {string} login as typed
 * @returns {string | undefined} the subject identifier, or nothing if the name cannot be one
 */
export function subjectOf(login) {
  const name = login.normalize("NFC").trim().replace(/\s+/g, " ").toLowerCase();
  if (name === "") return undefined;
  const sub = encodeURIComponent(name);
  return sub.length <= SUB_LENGTH ? sub : undefined;
}

/**
 * @param {string} sub made by `subjectOf`
 * @returns {{ sub: string, name: string, email: string, email_verified: boolean }}
 */
export function claimsOf(sub) {
  const login = decodeURIComponent(sub);
  const isEmail = /^[^@\s]+@[^@\s]+$/.test(login);
  const words = (isEmail ? login.slice(0, login.indexOf("@")) : login).split(/[\s._]+/).filter(Boolean);
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ") || login;
  // RFC 2606 reserves example.com: mail that is sent there by accident reaches nobody.
  const email = isEmail ? login : `${login.replace(/[^a-z0-9]+/g, ".").replace(/^\.+|\.+$/g, "") || "user"}@example.com`;
  // Whoever signs in by an address has shown that it is theirs; one that is made up here is nobody's.
  return { sub, name, email, email_verified: isEmail };
}
