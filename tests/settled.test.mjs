// What clients read beside an origin that limits too. What is a list by RFC 9651 is read by another implementation than ours.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseList } from "structured-headers";
import { answering, startScriptedOrigin } from "./support/scripted-origin.mjs";
import { DRAFT, X_RATELIMIT, rule, startStamped } from "./support/stamped.mjs";

const DAY_S = 86_400;
const RULES = [{ name: "health", match: ["GET /health"], exempt: true }, rule("free", "unlimited"), rule("many", "1000/day")];

/** The lists, with the seconds of our own item left out, since they pass. */
const draft = (headers) => Object.fromEntries(DRAFT.map((name) => [name, headers.get(name)?.replace(/^("many-1d";r=999;t=)\d+/, "$1…")]));

describe("beside an origin that limits too", () => {
  let origin;
  let bouncer;
  before(async () => {
    origin = await startScriptedOrigin();
    bouncer = await startStamped(origin, RULES);
  });
  after(async () => {
    await bouncer?.stop();
    origin?.stop();
  });

  const beside = async (headers, path = "/many") => (await bouncer.ask(answering(path, headers))).headers;
  const trio = (...values) => X_RATELIMIT.map((name, index) => [name, values[index]]);

  it("the stricter set of three stays, as a set", async () => {
    const ours = await beside([]);
    const [, , ourReset] = X_RATELIMIT.map((name) => ours.get(name));
    const read = async (...values) => {
      const headers = await beside(trio(...values));
      return X_RATELIMIT.map((name) => headers.get(name));
    };
    assert.deepEqual(await read("5", "998", "1"), ["5", "998", "1"]);
    assert.deepEqual(await read("9999", "0", "1"), ["9999", "0", "1"]);
    const later = String(Number(ourReset) + 1);
    assert.deepEqual(await read("5000", "999", later), ["5000", "999", later]);
    for (const laxer of [["5", "1000", later], ["5", "999", ourReset], ["5", "999", "0"], ["5", "plenty", later]]) {
      assert.deepEqual(await read(...laxer), ["1000", "999", ourReset], String(laxer));
    }
  });

  it("its items stay beside ours, and of two with one name the stricter", async () => {
    const ours = draft(await beside([]));
    const lists = async (policies, standings) => draft(await beside([["RateLimit-Policy", policies], ["RateLimit", standings]]));
    assert.deepEqual(await lists('"plan";q=100;w=60;pk=:YQ==:', '"plan"; r=7;t=5'), {
      "RateLimit-Policy": `${ours["RateLimit-Policy"]},"plan";q=100;w=60;pk=:YQ==:`,
      RateLimit: `${ours.RateLimit},"plan"; r=7;t=5`,
    });
    assert.deepEqual(await lists(`"many-1d";q=5;w=${DAY_S}`, '"many-1d";r=4;t=1'), {
      "RateLimit-Policy": `"many-1d";q=5;w=${DAY_S}`,
      RateLimit: '"many-1d";r=4;t=1',
    });
    assert.deepEqual(await lists('"many-1d";q=1000;w=60', '"many-1d";r=1000;t=1'), ours);
    const twice = await beside([["RateLimit", '"a";r=1'], ["RateLimit", '"b";r=2']]);
    assert.equal(draft(twice).RateLimit, `${ours.RateLimit},"a";r=1,"b";r=2`);
  });

  it("what another implementation does not read as a list of Strings is dropped, and all else is kept", async () => {
    const parameters = ["", ";r=1", ";r=-1;t=2", "; r=1", " ;r=1", ";r= 1", ";R=1", ";r=", ";r=1.5", ";r=1.2345", ";r=1.", ";r=.5"];
    parameters.push(";*", ";r=?1", ";r=?2", ";r=:YQ==:", ";r=:YQ==", ";r=tok/en:1", ";r=@1", ";r=@1.5", ';r="x,y"', ';r="', ";r=()");
    parameters.push(";r=1234567890123456", ";r=123456789012345", ";r=1234567890123.1", ';r=%"f%c3%bc"', ';r=%"%C3"', ';r=%"%ff"', ";;");
    const values = parameters.map((text) => `"a"${text}`);
    values.push("a", "1", "?1", "()", '("a")', '("a" "b");r=1', '"a", "b"', '"a","b";r=2', '"a",', ',"a"', '"a",,"b"', '"a" "b"', '"a', "'a'");
    values.push('"a\\"b"', '"a\\\\"', '"a\\n"', '""', "limit=100, remaining=50, reset=5", "100, 100;w=60", '"a";r=1, b', "*", ":YQ==:", "@1");
    const seen = { kept: 0, dropped: 0 };
    for (const value of values) {
      let isList = true;
      try {
        isList = parseList(value).every(([member]) => typeof member === "string");
      } catch {
        isList = false;
      }
      seen[isList ? "kept" : "dropped"] += 1;
      const headers = await beside(DRAFT.map((name) => [name, value]));
      for (const name of DRAFT) {
        const [ours, ...theirs] = parseList(headers.get(name));
        assert.equal(ours[0], "many-1d");
        assert.deepEqual(theirs, isList ? parseList(value) : [], `${name}: ${value}: ${headers.get(name)}`);
      }
    }
    assert.ok(seen.kept >= 15 && seen.dropped >= 30, JSON.stringify(seen));
  });

  it("an exempt or unlimited response keeps the origin's headers as they are, whatever they are", async () => {
    const theirs = [...trio("5", "plenty", "soon"), ["RateLimit", "limit=1"], ["RateLimit-Policy", "1;w=1"], ["Retry-After", "7"]];
    for (const path of ["/health", "/free"]) {
      const headers = await beside(theirs, path);
      for (const [name, value] of theirs) assert.equal(headers.get(name), value, `${path} ${name}`);
    }
  });
});
