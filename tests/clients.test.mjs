// Clients as people have them, as they come: each is refused once, waits as long as it is told, and gets in.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { request as send } from "node:http";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";
import { python } from "../scripts/clients.mjs";
import { startScriptedOrigin } from "./support/scripted-origin.mjs";
import { policy } from "./support/stack.mjs";
import { startWorkerd } from "./support/workerd.mjs";
import { startHttpServer } from "./support/http-server.mjs";

const LIMIT = { limit: "1/3 seconds", algorithm: "sliding-log", key: "header:X-Client" };
const PATIENCE_MS = 4_000;
/** A timer may ring this much early. */
const TIMER_MS = 5;

/** Stands before a server and notes when a request came, and when and how it was answered. */
async function startWitness(url) {
  const visits = [];
  const server = await startHttpServer((request, response) => {
    const visit = { came_ms: performance.now() };
    visits.push(visit);
    const passed = send(new URL(request.url, url), { method: request.method, headers: request.headers, agent: false }, (answer) => {
      Object.assign(visit, { status: answer.statusCode, retry_s: answer.headers["retry-after"], answered_ms: performance.now() });
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  return { ...server, visits };
}

const CLIENTS = {
  got: (url, headers) => got(url, { headers }).text(),
  ky: (url, headers) => ky(url, { headers }).text(),
  "axios with axios-retry": async (url, headers) => {
    const client = axios.create();
    axiosRetry(client);
    return (await client.get(url, { headers })).data;
  },
};

const URLLIB3 = `
import json, sys, urllib3
url, headers = sys.argv[1], json.loads(sys.argv[2])
print(urllib3.PoolManager().request("GET", url, headers=headers).data.decode(), end="")
`;

describe("a client that is refused", () => {
  let origin;
  let bouncer;
  let witness;
  before(async () => {
    origin = await startScriptedOrigin();
    bouncer = await startWorkerd(policy(origin.url, { rules: [], default: LIMIT }));
    witness = await startWitness(bouncer.url);
  });
  after(async () => {
    witness?.stop();
    await bouncer?.stop();
    origin?.stop();
  });

  async function waitsAndGetsIn(name, client) {
    const headers = { "X-Client": name, "CF-Connecting-IP": "192.0.2.1" };
    const first = await fetch(bouncer.url, { headers });
    assert.equal(first.status, 200);
    await first.text();
    for (const list of [witness.visits, origin.seen]) list.length = 0;

    assert.equal(await client(`${witness.url}/${encodeURIComponent(name)}`, headers), `the origin's /${encodeURIComponent(name)}`);
    const [refused, served, ...others] = witness.visits;
    assert.deepEqual([refused.status, served.status, others.length], [429, 200, 0]);
    assert.equal(refused.retry_s, "3");
    const waited_ms = served.came_ms - refused.answered_ms;
    const told_ms = Number(refused.retry_s) * 1_000;
    assert.ok(waited_ms >= told_ms - TIMER_MS && waited_ms <= told_ms + PATIENCE_MS, `told ${told_ms} ms, waited ${waited_ms} ms`);
    assert.equal(origin.seen.length, 1);
  }

  for (const [name, client] of Object.entries(CLIENTS)) {
    it(`waits as long as it is told and gets in: ${name}`, () => waitsAndGetsIn(name, client));
  }

  const { program, skip = false } = python();
  it("waits as long as it is told and gets in: urllib3", { skip }, () =>
    waitsAndGetsIn("urllib3", async (url, headers) => {
      const { stdout } = await promisify(execFile)(program, ["-c", URLLIB3, url, JSON.stringify(headers)]);
      return stdout;
    }),
  );
});
