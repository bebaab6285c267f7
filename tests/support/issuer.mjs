// An issuer of tokens: Node's crypto signs them, and a server has its keys and counts how often it is asked for them.

import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { startHttpServer } from "./http-server.mjs";
import { SECRET } from "./stack.mjs";

export const ISSUER = "https://issuer.example";
export const PAIRS = {
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519"],
  RS256: ["rsa", { modulusLength: 2048 }],
};
export const HASHES = { HS256: "sha256", HS384: "sha384", HS512: "sha512", ES256: "sha256", RS256: "sha256" };

export const now_s = () => Math.floor(Date.now() / 1000);
export const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Somebody who signs tokens, each of a user of its own unless it is told whose. */
export function signer(alg, kid) {
  const { privateKey, publicKey } = PAIRS[alg] ? generateKeyPairSync(...PAIRS[alg]) : {};
  const signature = (text) =>
    privateKey
      ? sign(HASHES[alg], Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" })
      : createHmac(HASHES[alg], SECRET).update(text).digest();
  return {
    publicKey,
    jwk: publicKey && { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" },
    token({ header = {}, ...claims } = {}) {
      const body = { sub: randomUUID(), iss: ISSUER, aud: ["other", "api"], exp: now_s() + 600, ...claims };
      const text = `${encoded({ alg, kid, ...header })}.${encoded(body)}`;
      return `${text}.${signature(text).toString("base64url")}`;
    },
  };
}

/** A server of keys that counts how often it is asked, and answers as it is told at the time. */
export async function startIssuer(answer) {
  const issuer = { asked: 0, paths: [], answer };
  const server = await startHttpServer((request, response) => {
    issuer.asked += 1;
    issuer.paths.push(request.url);
    issuer.answer(response, request);
  });
  return Object.assign(issuer, { url: `${server.url}/keys`, stop: server.stop });
}

export const keys = (...signers) => (response) => response.end(JSON.stringify({ keys: signers.map(({ jwk }) => jwk) }));
