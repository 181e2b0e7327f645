// A certificate for localhost and 127.0.0.1 that signs itself: WebKitGTK keeps Secure cookies over https only. Node can sign, but writes no X.509.

import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** One element of DER. @param {number} tag @param {...Buffer} parts */
function der(tag, ...parts) {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (/** @type {Buffer[]} */ ...parts) => der(0x30, ...parts);
/** @param {string} hex */
const oid = (hex) => der(0x06, Buffer.from(hex, "hex"));
/** @param {Date} date */
const time = (date) => der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
/** @param {Buffer} bytes */
const bits = (bytes) => der(0x03, Buffer.from([0]), bytes);

const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));
const COMMON_NAME = "550403";
const SUBJECT_ALT_NAME = "551d11";
const DAY_MS = 86_400_000;

/** A key and its certificate in PEM, made for this run and good for a day. */
export function selfSigned() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from("localhost")))));
  const now = Date.now();
  const life = sequence(time(new Date(now - DAY_MS)), time(new Date(now + DAY_MS)));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const names = sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = der(0xa3, sequence(sequence(oid(SUBJECT_ALT_NAME), der(0x04, names))));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const said = sequence(version, serial, ECDSA_WITH_SHA256, name, life, name, spki, extensions);
  const certificate = sequence(said, ECDSA_WITH_SHA256, bits(sign("sha256", said, privateKey)));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  };
}
