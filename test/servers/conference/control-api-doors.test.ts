import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Turnstile } from "../../../servers/conference/control-api/pace.ts";
import { allRoutes } from "../../../servers/conference/control-api/routes.ts";
import { readToken, tokenCheck } from "../../../servers/conference/control-api/token.ts";
import { ControlCast, TOKEN } from "../../support/control-cast.ts";

let control: ControlCast;

beforeEach(async () => {
  control = await ControlCast.open();
});

afterEach(() => control.close());

describe("The token", () => {
  test("is asked for by every route but those of the page, the health and the document", async () => {
    const routes = allRoutes();
    const closed = routes.filter(({ open }) => !open);
    assert.ok(closed.length >= 14);
    for (const { method, path } of closed) {
      const url = path.replace("{id}", "films").replace("{participant}", "0123456789abcdef");
      const told = await control.asks(method, url, { token: undefined });
      assert.equal(told.status, 401, `${method} ${path}`);
      assert.match(told.headers.get("www-authenticate") ?? "", /^Bearer realm=/);
      assert.equal(told.headers.get("content-type"), "application/problem+json");
    }
    const open = routes.filter((route) => route.open).map(({ path }) => path);
    assert.deepEqual(open.sort(), [
      "/",
      "/health",
      "/known.js",
      "/openapi.json",
      "/operator.css",
      "/operator.js",
      "/roster.js",
      "/stream.js",
    ]);
  });

  test("has to be right, all of it, and a bearer's", async () => {
    for (const token of ["", "wrong", TOKEN.slice(0, -1), `${TOKEN}x`]) {
      assert.equal((await control.asks("GET", "/conferences", { token })).status, 401);
    }
    const basic = { authorization: `Basic ${Buffer.from(`x:${TOKEN}`).toString("base64")}` };
    assert.equal(
      (await control.asks("GET", "/conferences", { token: undefined, headers: basic })).status,
      401,
    );
    assert.equal(
      (await control.asks("GET", `/conferences?access_token=${TOKEN}`, { token: undefined })).status,
      401,
    );
    assert.equal((await control.asks("GET", "/conferences")).status, 200);
  });

  test("is compared whole, whatever its length", () => {
    const shown = tokenCheck("right");
    assert.deepEqual(
      [shown("Bearer right"), shown("bearer  right"), shown("Bearer righ"), shown(undefined)],
      [true, true, false, false],
    );
  });
});

describe("The token file", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "partyline-token-"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  test("is made at the first start, for its owner only, and is the same at the next", async () => {
    const file = join(folder, "data", "control-token");

    const token = await readToken(file);

    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(folder, "data"))).mode & 0o777, 0o700);
    assert.equal(await readFile(file, "utf8"), `${token}\n`);
    assert.ok(token.length >= 43);
    assert.equal(await readToken(file), token);
  });

  test("that others can read is not used, and the sentence says what to do", async () => {
    const file = join(folder, "token");
    await writeFile(file, `${TOKEN}\n`, { mode: 0o644 });

    await assert.rejects(readToken(file), {
      message: `${file} can be read by others; run: chmod 600 "${file}"`,
    });
  });

  test("without a proper first line is not used", async () => {
    const file = join(folder, "token");
    await writeFile(file, "short\n", { mode: 0o600 });

    await assert.rejects(readToken(file), /must begin with a line of 16 to 256/);
  });
});

describe("The control API", () => {
  test("tells pages of other origins nothing, sets no cookie, and lets nothing be kept", async () => {
    const headers = { origin: "https://evil.example", "access-control-request-method": "GET" };
    for (const method of ["GET", "OPTIONS"]) {
      const told = await control.asks(method, "/conferences", { headers });
      const named = [...told.headers.keys()];
      assert.deepEqual(
        named.filter((name) => /^access-control|cookie/.test(name)),
        [],
      );
      assert.equal(told.headers.get("cache-control"), "no-store");
      assert.equal(told.headers.get("x-content-type-options"), "nosniff");
    }
  });

  test("says in one sentence what is wrong with a body", async () => {
    const path = "/conferences/films/lock";
    const cases: [Parameters<ControlCast["asks"]>[2], number, RegExp][] = [
      [{ raw: "{" }, 400, /^The body is not JSON\.$/],
      [{ raw: "" }, 400, /empty/],
      [{ raw: "locked=true", headers: { "content-type": "text/plain" } }, 415, /must be JSON/],
      [{ raw: JSON.stringify({ locked: true, x: "y".repeat(70_000) }) }, 413, /too large/],
      [{ body: { locked: 1 } }, 400, /^locked must be boolean\.$/],
      [
        { body: { locked: true, more: 1 } },
        400,
        /^The body has no "more"; \/openapi\.json says what it has\.$/,
      ],
      [{ body: {} }, 400, /^"locked" is missing in the body\.$/],
      [{ body: [] }, 400, /^The body must be object\.$/],
      [{ body: { __proto__: null, locked: "true" } }, 400, /locked must be boolean\.$/],
      [{ raw: '{"__proto__":{"locked":true}}' }, 400, /./],
    ];
    for (const [asking, status, detail] of cases) {
      const told = await control.asks("PUT", path, asking);
      assert.equal(told.status, status, told.text);
      assert.match(told.body.detail, detail);
      assert.deepEqual([told.body.type, told.body.status], ["about:blank", status]);
    }
  });

  test("does not know other paths and methods, and goes on after odd ones", async () => {
    const odd = [
      "/nothing",
      "/conferences/%00",
      "/conferences/%zz",
      "/../etc/passwd",
      `/conferences/${"x".repeat(3000)}`,
    ];
    for (const path of odd) {
      const { status } = await control.asks("GET", path);
      assert.ok(status === 404 || status === 400 || status === 414, `${path}: ${status}`);
    }
    const wrong = await control.asks("PATCH", "/conferences");
    assert.deepEqual([wrong.status, wrong.body.detail], [405, "This path takes GET and nothing else."]);
    assert.equal(wrong.headers.get("allow"), "GET");
    assert.equal((await control.asks("PATCH", "/nothing")).status, 404);
    assert.equal((await control.asks("GET", "/conferences?limit=0")).status, 400);
    assert.equal((await control.asks("GET", "/conferences?limit=ten")).status, 400);
    const paged = await control.asks("GET", "/conferences?page=2");
    assert.deepEqual(
      [paged.status, paged.body.detail],
      [400, 'The query has no "page"; /openapi.json says what it has.'],
    );
    assert.equal((await control.asks("GET", "/conferences")).status, 200);
  });

  test("cuts a connection that says nothing anybody could read", async () => {
    const socket = net.connect(control.api.port, "127.0.0.1");
    socket.write("\x16\x03\x01\x02\x00 INVITE sip:x@y SIP/2.0\r\n\r\n");
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.on("data", () => undefined).on("error", () => undefined);
    socket.once("close", () => resolve());
    await promise;
    assert.equal((await control.asks("GET", "/conferences")).status, 200);
  });
});

describe("Who dawdles at the control API", () => {
  const HEAD = `PUT /conferences/films/lock HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  const beginnings = {
    "says nothing": "",
    "stops in the headers": HEAD,
    "stops in the body": `${HEAD}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{`,
  };
  for (const [what, beginning] of Object.entries(beginnings)) {
    test(`is cut: who ${what}`, async () => {
      const hasty = await ControlCast.open({ patienceMs: 300 });
      const socket = net.connect(hasty.api.port, "127.0.0.1").on("error", () => undefined);
      try {
        const cut = new Promise<void>((resolve) => socket.resume().once("close", () => resolve()));
        socket.write(beginning);
        await hasty.gets("GET", "/conferences");
        await cut;
      } finally {
        await hasty.close();
      }
    });
  }
});

describe("The pace of the control API", () => {
  test("is bounded for each address: 429 says when to come again", async () => {
    const slow = await ControlCast.open({ pace: { atOnce: 3, perSecond: 0.5 } });
    try {
      await slow.gets("GET", "/conferences");
      await slow.gets("GET", "/conferences");
      const told = await slow.asks("GET", "/conferences");

      assert.equal(told.status, 429);
      assert.equal(told.headers.get("retry-after"), "2");
    } finally {
      await slow.close();
    }
  });

  test("lets an address ask again in time, and forgets those it has not heard of for long", () => {
    let now = 0;
    const turnstile = new Turnstile({ atOnce: 2, perSecond: 1 }, () => now);
    const waits = [turnstile.waitS("192.0.2.1"), turnstile.waitS("192.0.2.1"), turnstile.waitS("192.0.2.1")];
    now = 1_000;

    assert.deepEqual([...waits, turnstile.waitS("192.0.2.1")], [0, 0, 1, 0]);
    for (let at = 0; at < 1_000; at++) turnstile.waitS(`198.51.100.${at}`);
    assert.equal(turnstile.waitS("192.0.2.1"), 0);
  });
});

describe("The OpenAPI document", () => {
  test("is of version 3.1 and has every route, each with an operation of its own name", () => {
    const { document, operations } = control.document;
    const routes = allRoutes();
    assert.equal(document.openapi, "3.1.0");
    assert.deepEqual([...operations].sort(), routes.map(({ method, path }) => `${method} ${path}`).sort());
    const ids = routes.map(({ operation }) => operation);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("says of each route whether it needs the token, and that every refusal is a problem", () => {
    for (const { method, path, open } of allRoutes()) {
      const operation = control.document.operation(method, path);
      assert.deepEqual(operation?.security, open ? [] : undefined, path);
      const refusals = Object.entries(operation?.responses ?? {}).filter(([status]) => Number(status) >= 400);
      const types = refusals.flatMap(([, { content = {} }]) => Object.keys(content));
      const health = path === "/health" ? ["application/json"] : [];
      assert.deepEqual(new Set(types), new Set(["application/problem+json", ...health]), path);
    }
  });

  test("is what docs/control-api.md lists", async () => {
    const docs = await readFile(new URL("../../../docs/control-api.md", import.meta.url), "utf8");
    const missing = allRoutes().filter(({ method, path }) => !docs.includes(`\`${method} ${path}\``));
    assert.deepEqual(
      missing.map(({ method, path }) => `${method} ${path}`).filter((one) => !/\.(?:js|css)$/.test(one)),
      [],
    );
  });
});
