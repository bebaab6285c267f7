// Which of these headers jsonwebtoken and jose verify, behind the ways in which Node services cut out the token.
//
//     node verify.mjs FOLDER   # with jsonwebtoken, jose, passport-jwt and express-jwt installed beside it or above

import { createPublicKey, createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// Packages are looked for where it is run, and not where it lies.
const require = createRequire(join(process.cwd(), "here.js"));
const jsonwebtoken = require("jsonwebtoken");
const { jwtVerify } = require("jose");
const { ExtractJwt } = require("passport-jwt");
const { expressjwt } = require("express-jwt");

const folder = process.argv[2];
const request = (value) => ({ headers: { authorization: value }, method: "GET" });
const CUTS = {
  "split(' ')[1]": (value) => value.split(" ")[1],
  "split(' ').pop()": (value) => value.split(" ").pop(),
  "split(/\\s+/)[1]": (value) => value.split(/\s+/)[1],
  "split('Bearer ')[1]": (value) => value.split("Bearer ")[1],
  "slice(7)": (value) => value.slice(7),
  "slice(7).trim()": (value) => value.slice(7).trim(),
  "replace('Bearer ')": (value) => value.replace("Bearer ", ""),
  "replaceAll(/bearer/i)": (value) => value.replaceAll(/bearer\s*/gi, "").trim(),
  "match quotes": (value) => value.match(/^Bearer "?([^"]+)"?$/)[1],
  "passport-jwt": (value) => ExtractJwt.fromAuthHeaderAsBearerToken()(request(value)),
};

const keys = {};
for (const alg of ["HS256", "ES256", "EdDSA", "RS256"]) {
  const text = readFileSync(join(folder, `${alg}.key`), "utf8");
  keys[alg] = alg === "HS256" ? createSecretKey(text, "utf8") : createPublicKey(text);
}

const found = {};
for (const line of readFileSync(join(folder, "cases.tsv"), "utf8").trim().split("\n")) {
  const [number, alg, ...values] = line.split("\t");
  const add = (user, how) => ((found[number] ??= {})[user] ??= []).push(how);
  for (const encoded of values) {
    const value = Buffer.from(encoded, "base64").toString("latin1").trim();
    for (const [cut, take] of Object.entries(CUTS)) {
      const options = { algorithms: [alg] };
      try {
        add(jsonwebtoken.verify(take(value), keys[alg], options).sub, `jsonwebtoken, ${cut}`);
      } catch {} // Whatever it is, it is no user.
      try {
        add((await jwtVerify(take(value), keys[alg], options)).payload.sub, `jose, ${cut}`);
      } catch {}
    }
    await new Promise((resolve) => {
      const seen = request(value);
      expressjwt({ secret: keys[alg], algorithms: [alg] })(seen, {}, () => {
        if (seen.auth) add(seen.auth.sub, "express-jwt");
        resolve();
      });
    });
  }
}
console.log(JSON.stringify(found));
