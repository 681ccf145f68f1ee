import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { Pace } from "../../native-host/src/api/pace.ts";
import { readToken } from "../../native-host/src/api/token.ts";
import { apiPorts } from "../../native-host/src/daemon-api.ts";
import { socketPath } from "../../native-host/src/environment.ts";
import { parseXml } from "../../native-host/src/xml/strict.ts";
import { apiCast, errorCode } from "../support/api-cast.ts";
import { heardFromService } from "../support/schema.ts";

const token = "a-token-of-the-test";
const port = { port: 0, token, rights: [] };
const hello = (shown: string) => `<Hello req="h" versions="1" token="${shown}"/>`;
const films = "https://films.example";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "partyline-token-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

describe("The API's TCP port", () => {
  test("is not there unless it is configured", async (t) => {
    const { listener } = await apiCast(t);
    assert.deepEqual([listener.tcpPort, listener.webSocketPort], [undefined, undefined]);
  });

  test("carries out nothing before the token was shown", async (t) => {
    const { service, dial } = await apiCast(t, { tcp: port });
    const mallory = await dial();
    assert.equal(errorCode(await mallory.ask("1", '<Leave req="1" all="true"/>')), "unauthorized");
    assert.deepEqual([service.asked, [...service.clients]], [[], []]);
  });

  test("welcomes who shows it, with the rights of the port", async (t) => {
    const { service, dial, connect } = await apiCast(t, { tcp: { ...port, rights: ["control"] } });
    const alice = await dial();
    alice.say(hello(token));
    await alice.hears(({ name }) => name === "Welcome");
    assert.equal((await alice.ask("1", '<Ping req="1"/>')).attributes["status"], "ok");
    await (await connect()).ask("1", '<Ping req="1"/>');
    assert.deepEqual(
      [...service.clients],
      [
        ["k1", ["control"]],
        ["k2", ["control", "tunnel"]],
      ],
    );
  });

  test("closes after three failures, whatever comes behind them", async (t) => {
    const { service, dial } = await apiCast(t, { tcp: port });
    const mallory = await dial();
    mallory.say(hello("wrong"), "<Ping", hello(`${token}x`), hello(token), '<Leave req="1"/>');
    await once(mallory.socket, "close");
    assert.deepEqual(mallory.heard.map(errorCode), ["unauthorized", "unauthorized", "unauthorized"]);
    assert.deepEqual(service.asked, []);
  });

  test("closes on who shows nothing, and on more than 16 who wait", async (t) => {
    const { dial } = await apiCast(t, { tcp: port, patienceMs: 100 });
    const waiting = await Promise.all(Array.from({ length: 17 }, dial));
    const ends = waiting.map(({ socket, closed }) => closed || once(socket, "close"));
    await Promise.any(ends);
    await Promise.all(ends);
    const alice = await dial();
    alice.say(hello(token));
    await alice.hears(({ name }) => name === "Welcome");
  });

  test("shows nobody the SIP messages who may not open tunnels", async (t) => {
    const { dial } = await apiCast(t, { tcp: { ...port, rights: ["control"] } });
    const mallory = await dial();
    mallory.say(hello(token));
    await mallory.hears(({ name }) => name === "Welcome");
    assert.equal(errorCode(await mallory.ask("2", '<Subscribe req="2" to="trace"/>')), "forbidden");
    assert.equal(errorCode(await mallory.ask("3", '<Subscribe req="3" to="calls"/>')), undefined);
  });

  test("closes on HTTP, so that no web page can speak to it", async (t) => {
    const { listener } = await apiCast(t, { tcp: port });
    const page = connectTcp(listener.tcpPort ?? 0, "127.0.0.1");
    page.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n${hello(token)}\0`);
    const heard: Buffer[] = [];
    page.on("data", (bytes) => heard.push(bytes));
    page.on("error", () => undefined);
    await once(page, "close");
    assert.deepEqual(heard, []);
  });

  test("that is taken is one sentence for the user", async (t) => {
    const { listener } = await apiCast(t, { tcp: port });
    await assert.rejects(apiCast(t, { tcp: { ...port, port: listener.tcpPort ?? 0 } }), {
      name: "DoorError",
      message: `Port ${listener.tcpPort} for the API is taken; choose another in the configuration.`,
    });
  });
});

interface Page {
  readonly socket: WebSocket;
  next(): Promise<string>;
}

/** A page with this origin that asks for this host. */
async function page(at: number | undefined, headers: Readonly<Record<string, string>>): Promise<Page> {
  const socket = new WebSocket(`ws://127.0.0.1:${at}/`, { headers });
  const opened = once(socket, "open");
  await opened;
  return {
    socket,
    next: async () => {
      const [data] = await once(socket, "message");
      heardFromService(parseXml(String(data)));
      return String(data);
    },
  };
}

describe("The API's WebSocket", () => {
  const options = { webSocket: { ...port, origins: [films] } };
  const host = (at: number | undefined) => `127.0.0.1:${at}`;

  test("takes one document in a frame, from a page of the list that knows the token", async (t) => {
    const { listener, service } = await apiCast(t, options);
    const at = listener.webSocketPort;
    for (const name of ["127.0.0.1", "localhost"]) {
      const { socket, next } = await page(at, { Origin: films, Host: `${name}:${at}` });
      socket.send(hello(token));
      assert.match(await next(), /^<Welcome /);
      socket.send('<Ping req="1"/>');
      assert.equal(await next(), '<Result req="1" status="ok"/>');
      socket.close();
      await once(socket, "close");
    }
    assert.deepEqual(service.gone, ["k1", "k2"]);
  });

  for (const [who, headers] of [
    ["a page that is not on the list", { Origin: "https://evil.example" }],
    ["a page that is on no list, being a program", {}],
    ["a sandboxed page", { Origin: "null" }],
    ["a name that was made to point here", { Origin: films, Host: "films.example" }],
    ["another port's name", { Origin: films, Host: "127.0.0.1:1" }],
  ] as const) {
    test(`is closed to ${who}`, async (t) => {
      const { listener } = await apiCast(t, options);
      const asking = page(listener.webSocketPort, { Host: host(listener.webSocketPort), ...headers });
      await assert.rejects(asking, /403/);
    });
  }

  test("carries out nothing for a page without the token, and closes after three tries", async (t) => {
    const { listener, service } = await apiCast(t, options);
    const { socket, next } = await page(listener.webSocketPort, { Origin: films });
    for (let tries = 0; tries < 3; tries += 1) {
      socket.send(hello("guess"));
      assert.match(await next(), /code="unauthorized"/);
    }
    await once(socket, "close");
    assert.deepEqual([...service.clients], []);
  });

  test("closes on bytes, and on a document that is too long", async (t) => {
    const { listener } = await apiCast(t, options);
    for (const [bad, code] of [
      [Buffer.from("<Ping/>"), 1003],
      [`<Ping>${"x".repeat(70_000)}</Ping>`, 1009],
    ] as const) {
      const { socket } = await page(listener.webSocketPort, { Origin: films });
      socket.send(bad);
      assert.equal((await once(socket, "close"))[0], code);
    }
  });

  test("is no web server", async (t) => {
    const { listener } = await apiCast(t, options);
    const { status } = await fetch(`http://127.0.0.1:${listener.webSocketPort}/`);
    assert.equal(status, 426);
  });

  test("ends with the service, and whatever is open is answered", async (t) => {
    const { listener, service } = await apiCast(t, options);
    const { socket, next } = await page(listener.webSocketPort, { Origin: films });
    service.onJoin = () => new Promise(() => undefined);
    socket.send(hello(token));
    await next();
    socket.send('<ExternalJoin req="1" id="sip:films@home"/>');
    await next();
    const farewell = next();
    await Promise.all([listener.close(), once(socket, "close")]);
    assert.match(await farewell, /req="1" status="error" call="c1"><Error code="shutting-down"/);
  });
});

describe("The token", () => {
  test("is made at the first start, and only its owner can read it", async (t) => {
    const file = join(await folder(t), "api.token");
    const made = await readToken(file);
    assert.match(made, /^[\w-]{43}$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal(await readToken(file), made);
  });

  test("that others can read, or that is too short, opens no port", async (t) => {
    const file = join(await folder(t), "api.token");
    await writeFile(file, "short\n", { mode: 0o600 });
    await assert.rejects(readToken(file), /16 to 256/);
    await writeFile(file, `${token}\n`);
    await chmod(file, 0o644);
    await assert.rejects(readToken(file), /can be read by others; run: chmod 600/);
    await assert.rejects(readToken(join(file, "beneath")), { name: "DoorError" });
  });

  test("is looked for beside the configuration", async (t) => {
    const home = await folder(t);
    const config = { port: 5065, tokenFile: "api.token", rights: [] };
    const ports = await apiPorts({ tcp: config }, join(home, "config.json"));
    assert.equal(`${ports.tcp?.token}\n`, await readFile(join(home, "api.token"), "utf8"));
  });
});

describe("The socket", () => {
  test("lets nobody in while its directory is open to others", async (t) => {
    const troubles: string[] = [];
    const log = {
      info: () => undefined,
      error: (_details: object, message: string) => troubles.push(message),
    };
    const { directory, connect } = await apiCast(t, { log });
    await chmod(directory, 0o755);
    const mallory = await connect();
    await once(mallory.socket, "close");
    assert.match(troubles.join(), /open to others/);
    await chmod(directory, 0o700);
    assert.equal((await (await connect()).ask("1", '<Ping req="1"/>')).attributes["status"], "ok");
  });

  test("is a pipe of the user's own on Windows, another for each other directory", () => {
    const [usual, other] = [undefined, "C:\\elsewhere"].map((directory) => socketPath(directory, "win32"));
    assert.match(usual ?? "", /^\\\\\.\\pipe\\partyline-[^\\]+$/);
    assert.match(other ?? "", /^\\\\\.\\pipe\\partyline-[^\\]+-[0-9a-f]{8}$/);
  });
});

describe("A client that calls and calls", () => {
  test("is slowed down after a hundred commands that make others work, and told when to try again", async (t) => {
    const { connect, service } = await apiCast(t);
    const alice = await connect();
    for (let count = 0; count < 101; count += 1) alice.say(`<Dtmf req="r${count}" digits="1"/>`);
    const refused = await alice.hears((one) => errorCode(one) !== undefined);
    assert.deepEqual(
      [errorCode(refused), refused.children[0]?.attributes["retry"], refused.attributes["req"]],
      ["rate-limited", "1", "r100"],
    );
    assert.equal(service.asked.length, 100);
    assert.equal((await alice.ask("1", '<Leave req="1"/>')).attributes["status"], "ok");
  });

  test("may go on at ten commands a second", () => {
    let now = 0;
    const pace = new Pace(() => now);
    for (let count = 0; count < 100; count += 1) pace.take("Join");
    assert.throws(() => pace.take("Join"), { code: "rate-limited", retryS: 1 });
    pace.take("Leave");
    for (let count = 0; count < 20; count += 1) {
      now += 100;
      pace.take("Use");
    }
    now += 3_600_000;
    for (let count = 0; count < 100; count += 1) pace.take("Join");
    assert.throws(() => pace.take("Join"), { code: "rate-limited" });
  });
});
