// Makes tokens.json: for each algorithm a key, a token that it signed, and tokens that must prove nothing. They are made
// by Node's crypto, another implementation than the one under test. The private keys are thrown away.
//
//     node tests/vectors/tokens.mjs > tests/vectors/tokens.json

import { createHmac, generateKeyPairSync, sign } from "node:crypto";

const EXP = 4_102_444_800; // the year 2100
const SECRET = "a secret for vectors, of sixty-four bytes: 0123456789 0123456789";
const BODY = { sub: "ada", exp: EXP };

const bytes = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const part = (value) => bytes(value).toString("base64url");

const PSS = { padding: 6, saltLength: 32 }; // RSA_PKCS1_PSS_PADDING
const ALGORITHMS = {
  HS256: { secret: SECRET, hash: "sha256" },
  HS384: { secret: SECRET, hash: "sha384" },
  HS512: { secret: SECRET, hash: "sha512" },
  ES256: { pair: ["ec", { namedCurve: "P-256" }], hash: "sha256", options: { dsaEncoding: "ieee-p1363" } },
  EdDSA: { pair: ["ed25519"], hash: null, options: {} },
  RS256: { pair: ["rsa", { modulusLength: 2048 }], hash: "sha256", options: {} },
};

function hmac(hash, secret, text) {
  return createHmac(hash, secret).update(text).digest();
}

/** Signs a header and a body, which may be any text. */
function token(signer, { header = {}, body = BODY }) {
  const text = `${part({ alg: signer.name, typ: "JWT", ...header })}.${part(body)}`;
  return `${text}.${signer.sign(text).toString("base64url")}`;
}

function signer(name, { pair, hash, secret, options }) {
  if (!pair) return { name, sign: (text) => hmac(hash, secret, text) };
  const { privateKey, publicKey } = generateKeyPairSync(...pair);
  const raw = (text, changes) => sign(hash, Buffer.from(text), { key: privateKey, ...options, ...changes });
  return { name, publicKey, raw, sign: (text) => raw(text) };
}

/** The last character of a part has bits that are not used; here one of them is set. */
function trailingBit(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) | 1];
}

function forged(it, other, genuine) {
  const [header, body, signature] = genuine.split(".");
  const text = `${header}.${body}`;
  const withSignature = (value) => `${text}.${Buffer.from(value).toString("base64url")}`;
  const withHeader = (value) => `${part(value)}.${body}`;
  const tokens = {
    "another key": token(other, {}),
    "another body": `${header}.${part({ ...BODY, sub: "eve" })}.${signature}`,
    "alg none": `${withHeader({ alg: "none" })}.`,
    "alg none, with a signature": `${withHeader({ alg: "none" })}.${signature}`,
    "alg in another case": token(it, { header: { alg: it.name.toLowerCase() } }),
    "another alg, rightly signed": token(it, { header: { alg: it.name === "HS256" ? "HS384" : "HS256" } }),
    "no alg": `${withHeader({ typ: "JWT" })}.${signature}`,
    "alg twice": token({ ...it }, { header: { alg: undefined } }).replace(/^[^.]+/, part(`{"alg":"none","alg":"${it.name}"}`)),
    crit: token(it, { header: { crit: ["exp"], exp: EXP } }),
    "an empty crit": token(it, { header: { crit: [] } }),
    "a crit of nothing": token(it, { header: { crit: null } }),
    "a key of its own": token(other, { header: { jwk: other.publicKey?.export({ format: "jwk" }) ?? { kty: "oct", k: "AA" } } }),
    "no signature": text,
    "an empty signature": `${text}.`,
    "a signature of zeros": withSignature(Buffer.from(signature, "base64url").fill(0)),
    "a signature cut short": withSignature(Buffer.from(signature, "base64url").subarray(1)),
    "a signature with a zero before": withSignature([0, ...Buffer.from(signature, "base64url")]),
    "a signature with a zero behind": withSignature([...Buffer.from(signature, "base64url"), 0]),
    "padded base64": `${genuine}==`,
    "a bit set that base64 does not use": `${text}.${trailingBit(signature)}`,
    "a line break": genuine.replace(".", ".\n"),
    "a dot more": `${genuine}.`,
    "a dot before": `.${genuine}`,
    "a body that is no object": token(it, { body: `["ada"]` }),
    "a user twice": token(it, { body: `{"sub":"eve","sub":"ada","exp":${EXP}}` }),
    "no expiry": token(it, { body: { sub: "ada" } }),
  };
  if (it.publicKey) {
    const pem = it.publicKey.export({ type: "spki", format: "pem" });
    const secrets = { "the PEM": pem, "the PEM without its last line break": pem.trim(), "the DER": it.publicKey.export({ type: "spki", format: "der" }) };
    for (const [what, secret] of Object.entries(secrets)) {
      const hs256 = { name: "HS256", sign: (text) => hmac("sha256", secret, text) };
      tokens[`HS256 under ${what}`] = token(hs256, {});
      tokens[`HS256 under ${what}, named ${it.name}`] = token({ ...hs256, name: it.name }, {});
    }
  }
  if (it.name === "ES256") {
    tokens["a signature in DER"] = withSignature(it.raw(text, { dsaEncoding: "der" }));
    const n = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
    const [r, s] = [Buffer.from(signature, "base64url").subarray(0, 32), Buffer.from(signature, "base64url").subarray(32)];
    tokens["r of zero"] = withSignature([...Buffer.alloc(32), ...s]);
    tokens["s of zero"] = withSignature([...r, ...Buffer.alloc(32)]);
    tokens["r of the order"] = withSignature([...n, ...s]);
    tokens["s of the order"] = withSignature([...r, ...n]);
  }
  if (it.name === "EdDSA") {
    // The same point, and s with the order added: equal modulo the order, and another signature.
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const raw = Buffer.from(signature, "base64url");
    const s = BigInt(`0x${Buffer.from(raw.subarray(32)).reverse().toString("hex")}`) + order;
    const back = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
    tokens["s beyond the order"] = withSignature([...raw.subarray(0, 32), ...back]);
  }
  if (it.name === "RS256") {
    tokens["PSS padding"] = withSignature(it.raw(text, PSS));
    tokens["a signature of ones"] = withSignature(Buffer.alloc(256, 0xff));
  }
  return tokens;
}

const pem = (...pair) => generateKeyPairSync(...pair).publicKey.export({ type: "spki", format: "pem" });
const algorithms = Object.entries(ALGORITHMS).map(([name, how]) => {
  const it = signer(name, how);
  const other = signer(name, how.secret ? { ...how, secret: SECRET.toUpperCase() } : how);
  const genuine = token(it, {});
  return {
    name,
    pem: it.publicKey?.export({ type: "spki", format: "pem" }),
    jwk: it.publicKey?.export({ format: "jwk" }),
    genuine,
    forged: forged(it, other, genuine),
  };
});
const keys = {
  "RSA of 1024 bits": pem("rsa", { modulusLength: 1024 }),
  "P-384": pem("ec", { namedCurve: "P-384" }),
  X25519: pem("x25519"),
};
console.log(JSON.stringify({ secret: SECRET, algorithms, keys }, null, 1));
