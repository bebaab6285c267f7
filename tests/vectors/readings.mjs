// Makes readings.json: ways to write a token into `Authorization`, and who verifies it then. Each is given to the real
// verifiers, behind the ways in which services cut the token out of the header: the programs in readings/. The private keys
// are thrown away.
//
//     node tests/vectors/readings.mjs NODE_FOLDER PYTHON > tests/vectors/readings.json
//
// In NODE_FOLDER jsonwebtoken, jose, passport-jwt and express-jwt are installed; PYTHON has pyjwt, cryptography,
// python-jose, joserfc and fastapi. Ruby, Go and Java have the Debian packages that their programs name. A program that
// cannot be run ends it: an old file is better than one that is not whole.

import { spawnSync } from "node:child_process";
import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [NODE_FOLDER, PYTHON] = process.argv.slice(2);
const PROGRAMS = join(dirname(fileURLToPath(import.meta.url)), "readings");
const EXP = 4_102_444_800; // the year 2100
const SECRET = "a secret for readings, of sixty-four bytes: 0123456789 012345678";
const ALGORITHMS = {
  HS256: { hash: "sha256" },
  ES256: { pair: ["ec", { namedCurve: "P-256" }], hash: "sha256", options: { dsaEncoding: "ieee-p1363" } },
  EdDSA: { pair: ["ed25519"], hash: null, options: {} },
  RS256: { pair: ["rsa", { modulusLength: 2048 }], hash: "sha256", options: {} },
};
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const number = (bytes) => BigInt(`0x${bytes.toString("hex")}`);
const bytes = (value, length) => Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");

function signer(alg) {
  const { pair, hash, options } = ALGORITHMS[alg];
  if (!pair) return { alg, key: SECRET, sign: (text) => createHmac(hash, SECRET).update(text).digest() };
  const { privateKey, publicKey } = generateKeyPairSync(...pair);
  const raw = (text, changes) => sign(hash, Buffer.from(text), { key: privateKey, ...options, ...changes });
  return { alg, key: publicKey.export({ type: "spki", format: "pem" }), sign: (text) => raw(text), raw };
}

/** A token whose signature satisfies a condition. */
function token(it, sub, is = () => true) {
  for (let jti = 0; ; jti += 1) {
    const text = `${part({ alg: it.alg, typ: "JWT" })}.${part({ sub, exp: EXP, jti: String(jti) })}`;
    const signature = it.sign(text);
    if (is(signature)) return { text, signature, whole: `${text}.${signature.toString("base64url")}` };
  }
}

/** Every way to write the last digit, whose lowest bits mean nothing. */
function spare(encoded, byteLength) {
  const bits = [0, 4, 2][byteLength % 3];
  const last = DIGITS.indexOf(encoded.at(-1)) >> bits;
  return Array.from({ length: 1 << bits }, (_, bit) => encoded.slice(0, -1) + DIGITS[(last << bits) | bit]);
}

/** Headers by name: the lines of one request each. */
function spellings(it) {
  const { text, signature, whole: T } = token(it, "ada", (signature) => /^[^-_]*[-_].*_/.test(signature.toString("base64url")));
  const eve = token(it, "eve").whole;
  const S = signature.toString("base64url");
  const [H, P] = text.split(".");
  const [left, right] = [S.slice(0, 20), S.slice(20)];
  const signed = (value) => `Bearer ${text}.${Buffer.from(value).toString("base64url")}`;
  const one = {
    plain: `Bearer ${T}`, lower: `bearer ${T}`, upper: `BEARER ${T}`, "two spaces": `Bearer  ${T}`, tab: `Bearer\t${T}`,
    "space around": ` Bearer ${T}  `, "spaces behind": `Bearer ${T}${" ".repeat(200)}x`,
    "padding 1": `Bearer ${T}=`, "padding 2": `Bearer ${T}==`, "padding 4": `Bearer ${T}====`,
    "padding and more": `Bearer ${T}=x`, "paddings and more": `Bearer ${T}==x`, "padding inside": `Bearer ${text}.${left}=${right}`,
    "other alphabet": `Bearer ${text}.${S.replaceAll("-", "+").replaceAll("_", "/")}`,
    "other alphabet, padded": `Bearer ${text}.${signature.toString("base64")}`,
    comma: `Bearer ${T},`, "comma and more": `Bearer ${T},x`, "comma, space and more": `Bearer ${T}, x`, semicolon: `Bearer ${T};`,
    "a word more": `Bearer ${T} x`, "two words more": `Bearer ${T} x y`, "a long word more": `Bearer ${T} ${"x".repeat(40)}`,
    "a letter more": `Bearer ${T}x`, "two letters more": `Bearer ${T}xx`, "a dot more": `Bearer ${T}.`, "dots more": `Bearer ${T}...`,
    "a part more": `Bearer ${T}.x`, "a dot before": `Bearer .${T}`, "a part before": `Bearer x.${T}`,
    "space inside": `Bearer ${text}.${left} ${right}`, "comma inside": `Bearer ${text}.${left},${right}`,
    "junk inside": `Bearer ${text}.${left}!%${right}`, "a byte inside": `Bearer ${text}.${left}\u00e9${right}`,
    "dot inside": `Bearer ${text}.${left}.${right}`, "a letter less": `Bearer ${T.slice(0, -1)}`,
    "double quotes": `Bearer "${T}"`, "single quotes": `Bearer '${T}'`, brackets: `Bearer <${T}>`,
    "no scheme": T, Token: `Token ${T}`, JWT: `JWT ${T}`, Basic: `Basic ${T}`, "one letter": `x ${T}`, "token=": `Token token=${T}`,
    'token=""': `Token token="${T}"`, "Bearer:": `Bearer: ${T}`, "Bearer:, no space": `Bearer:${T}`, "no space": `Bearer${T}`,
    "any seven": `xxxxxxx${T}`, "Bearer-": `Bearer-${T}`, "Bearer twice": `Bearer Bearer ${T}`, "Bearer three times": `Bearer bearer BEARER ${T}`,
    "Bearer in the header": `Bearer ${H.slice(0, 5)}Bearer ${H.slice(5)}.${P}.${S}`,
    "Bearer in the signature": `Bearer ${text}.${left}Bearer ${right}`, "Bearer at its end": `Bearer ${T}Bearer `,
    "Bearer in the header, no space": `Bearer ${H.slice(0, 5)}Bearer${H.slice(5)}.${P}.${S}`,
    "the header padded": `Bearer ${H}=.${P}.${S}`, "the body padded": `Bearer ${H}.${P}=.${S}`, "a space in the body": `Bearer ${H}.${P} .${S}`,
    "spare bits of the header": `Bearer ${spare(H, 1)[1]}.${P}.${S}`,
    "zero before": signed([0, ...signature]), "zero behind": signed([...signature, 0]), "a byte less": signed(signature.subarray(1)),
    "another signature": signed(Buffer.from(signature).reverse()), empty: `Bearer ${text}.`, "nothing but two parts": `Bearer ${text}`,
    "the same twice": `Bearer ${T}, Bearer ${T}`, "the same twice, without a word": `Bearer ${T}, ${T}`,
    "eve and ada": `Bearer ${eve}, Bearer ${T}`, "eve behind": `Bearer ${T} ${eve}`,
  };
  spare(S, signature.length).forEach((respelled, bit) => (one[`spare bits ${bit}`] = `Bearer ${text}.${respelled}`));
  if (it.alg === "ES256") {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
    const der = it.raw(text, { dsaEncoding: "der" });
    Object.assign(one, {
      DER: signed(der), "DER, padded": `Bearer ${text}.${der.toString("base64")}`, "DER and a word": `${signed(der)} x`,
      "DER and a byte": signed([...der, 0]), "the other s": signed([...r, ...bytes(order - number(s), 32)]),
      "zeros before both": signed([0, ...r, 0, ...s]), "more zeros before both": signed([0, 0, 0, ...r, 0, 0, 0, ...s]),
      "zeros before s": signed([...r, 0, 0, ...s]), "any byte behind": signed([...signature, 77]), "two bytes behind": signed([...signature, 77, 78]),
      "zeros, and a byte behind": signed([0, ...r, 0, ...s, 5]), "zeros before both and a word": `${signed([0, ...r, 0, ...s])} x`,
    });
  }
  if (it.alg === "RS256") {
    const modulus = number(Buffer.from(createPublicKey(it.key).export({ format: "jwk" }).n, "base64url"));
    const { text, signature } = token(it, "ada", (signature) => number(signature) + modulus < 1n << 2048n);
    one["the modulus added"] = `Bearer ${text}.${bytes(number(signature) + modulus, 256).toString("base64url")}`;
  }
  const lines = Object.fromEntries(Object.entries(one).map(([name, line]) => [name, [line]]));
  return Object.assign(lines, {
    "two lines": [`Bearer ${T}`, `Bearer ${T}`], "two lines, good first": [`Bearer ${T}`, "Bearer x"],
    "two lines, good last": ["Bearer x", `Bearer ${T}`], "two lines, one of another scheme": ["Basic eDp5", `Bearer ${T}`],
    "two lines, two users": [`Bearer ${T}`, `Bearer ${eve}`], "a token on two lines": [`Bearer ${text}.${left}`, right],
    "two lines, forged first": [`Bearer ${text}.${Buffer.from(signature).reverse().toString("base64url")}`, `Bearer ${T}`],
  });
}

/** The values that an origin may see: the lines joined, or one of them. */
const values = (lines) => [...new Set([lines.join(", "), lines.join(","), lines[0], lines.at(-1)])];

const folder = mkdtempSync(join(tmpdir(), "readings-"));
const cases = [];
const algorithms = Object.keys(ALGORITHMS).map((alg) => {
  const it = signer(alg);
  writeFileSync(join(folder, `${alg}.key`), it.key);
  const readings = Object.entries(spellings(it)).map(([name, lines]) => ({ name, lines, users: {} }));
  cases.push(...readings.map((reading) => ({ alg, reading })));
  return { name: alg, key: it.key, readings };
});
const row = ({ alg, reading }, index) =>
  [index, alg, ...values(reading.lines).map((value) => Buffer.from(value, "latin1").toString("base64"))].join("\t");
writeFileSync(join(folder, "cases.tsv"), cases.map(row).join("\n") + "\n");

const GO = { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode" };
for (const [program, args, options] of [
  ["node", [join(PROGRAMS, "verify.mjs")], { cwd: NODE_FOLDER }],
  [PYTHON, [join(PROGRAMS, "verify.py")]],
  ["ruby", [join(PROGRAMS, "verify.rb")]],
  ["go", ["run", join(PROGRAMS, "verify.go")], { env: GO }],
  ["java", ["-cp", "/usr/share/java/commons-codec.jar", join(PROGRAMS, "Verify.java")]],
]) {
  const { status, stdout, stderr, error } = spawnSync(program, [...args, folder], { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  for (const [index, users] of Object.entries(JSON.parse(stdout))) {
    for (const [user, how] of Object.entries(users)) {
      const names = how.map((each) => each.split(", ")[0]);
      const { users: all } = cases[index].reading;
      all[user] = [...new Set([...(all[user] ?? []), ...names])];
    }
  }
}
rmSync(folder, { recursive: true });
console.log(JSON.stringify(algorithms, null, 1));
