import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { offerFrom } from "../../support/conference-cast.ts";
import { EventReader } from "../../support/event-reader.ts";
import { FakeMixer } from "../../support/fake-mixer.ts";
import { type Server, startServer } from "../../support/servers.ts";
import { until } from "../../support/until.ts";

const HOST = "127.0.0.1";

let folder: string;
let mixer: FakeMixer;
let server: Server;
let agent: UserAgent;
let api: string;
let token: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-operate-"));
  mixer = await FakeMixer.open();
  const file = join(folder, "data", "control-token");
  const args = ["--mixer", mixer.address, "--control-token", file, "--log-level", "debug"];
  server = await startServer("conference", { args });
  [, api = ""] = await server.program.says(/control API and operators' page at (http:[^"]+)"/);
  token = (await readFile(file, "utf8")).trim();
  agent = await UserAgent.open({ host: HOST, port: 0, name: "Alice", identity: { name: "Alice Example" } });
});

afterEach(async () => {
  await agent.close();
  await server.stop();
  await mixer.close();
  await rm(folder, { recursive: true });
});

async function joins(id: string, uri: SipUri = "sip:alice@example.com"): Promise<Leg> {
  const from = { name: "Alice Example", uri };
  const { leg } = await agent.invite(room(id), { from, offer: offerFrom(30_000) });
  return leg;
}

function room(id: string): SipUri {
  return `sip:${id}@${HOST}:${server.port}`;
}

function asks(method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
  return fetch(`${api}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

async function health(): Promise<{ status: number; problems: string[] }> {
  const response = await fetch(`${api}/health`);
  const { problems } = (await response.json()) as { problems: string[] };
  return { problems, status: response.status };
}

/** The value of a figure, with labels as Prometheus writes them. */
async function figure(name: string): Promise<number | undefined> {
  const text = await (await asks("GET", "/metrics")).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `) || one.startsWith(`${name},`));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

describe("A conference server with a control API", () => {
  test("makes a token for its owner only, says where it is, and takes orders on the port it names", async () => {
    const file = join(folder, "data", "control-token");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.ok(server.program.lines.some((line) => line.includes(`"tokenFile":"${file}"`)));
    assert.ok(!server.program.lines.some((line) => line.includes(token)));
    assert.equal((await asks("GET", "/conferences")).status, 200);
    assert.equal((await fetch(`${api}/conferences`)).status, 401);
  });

  test("is well while its mixer answers, and says that it does not", async () => {
    assert.deepEqual((await health()).problems, []);
    await mixer.close();

    await until(async () => (await health()).status === 503, "the server unwell", 20_000);

    const { problems } = await health();
    assert.deepEqual(problems, [`The mixer ${mixer.address} does not answer; see whether it runs.`]);
    assert.equal(await figure(`partyline_mixer_up{mixer="${mixer.address}",server="conference"}`), 0);
    mixer = await FakeMixer.open();
  });

  test("counts who joins, how long that takes, who is refused, moves and leaves, and what goes over the wire", async () => {
    const leg = await joins("films");
    const listed = await asks("GET", "/conferences/films/participants");
    const { participants } = (await listed.json()) as { participants: { id: string }[] };
    await asks("POST", "/move", { participants: participants.map(({ id }) => id), to: "dramas" });
    await asks("PUT", "/conferences/dramas/lock", { locked: true });
    await assert.rejects(joins("dramas", "sip:bob@example.com"), { status: 403 });
    const label = 'server="conference"';

    assert.equal(await figure(`partyline_participants{${label}}`), 1);
    assert.equal(await figure(`partyline_joins_total{method="dialed-in",${label}}`), 1);
    assert.equal(await figure(`partyline_join_seconds_count{${label}}`), 1);
    assert.equal(await figure(`partyline_refusals_total{status="403",${label}}`), 1);
    assert.equal(await figure(`partyline_moves_total{${label}}`), 1);
    assert.equal(await figure(`partyline_mixer_up{mixer="${mixer.address}",${label}}`), 1);
    assert.equal(await figure(`partyline_sip_requests_total{direction="in",method="INVITE",${label}}`), 2);
    assert.ok(((await figure(`nodejs_eventloop_lag_seconds{${label}}`)) ?? -1) >= 0);
    assert.ok(((await figure(`process_resident_memory_bytes{${label}}`)) ?? 0) > 1e7);

    await leg.bye();
    await until(
      async () => (await figure(`partyline_leaves_total{${label}}`)) === 1,
      "alice counted as gone",
    );
  });

  test("that drains begins no conference, says so to dispatchers, and ends when the last one leaves", async () => {
    const leg = await joins("films");
    const events = await EventReader.open(`${api}/events`, token);
    server.program.kill("SIGUSR1");
    await events.hears("server-draining");

    const options = await agent.request("OPTIONS", `sip:${HOST}:${server.port}`);
    await assert.rejects(joins("dramas"), (refusal: { status: number; response: { headers: object } }) => {
      assert.equal(refusal.status, 503);
      assert.match(JSON.stringify(refusal.response.headers), /"retry-after"/);
      return true;
    });
    const second = await joins("films", "sip:bob@example.com");

    assert.equal(options.status, 503);
    assert.equal((await health()).status, 503);
    assert.equal(leg.state, "confirmed");
    await second.bye();
    await leg.bye();
    assert.equal(await server.program.exited, 0);
    events.close();
  });

  test("that drains ends after its limit whoever is there, and says BYE to them", async () => {
    const leg = await joins("films");
    const { promise, resolve } = Promise.withResolvers<string>();
    leg.handlers = { onEnded: resolve };

    assert.equal((await asks("POST", "/drain", { limitS: 1 })).status, 202);

    assert.match(await promise, /closes/);
    assert.equal(await server.program.exited, 0);
  });

  test("that drains is told to go on, and begins conferences again", async () => {
    await joins("films");
    await asks("POST", "/drain");
    await assert.rejects(joins("dramas"), { status: 503 });

    const resumed = await asks("DELETE", "/drain");

    assert.equal(resumed.status, 200);
    assert.equal((await health()).status, 200);
    await joins("dramas");
  });

  test("logs nobody's name, number or private conference, and the same person as the same", async () => {
    const calls = [
      await joins("0301234567", "sip:+4930123456@example.com"),
      await joins("alice-0123456789abcdef0123"),
      await joins("films"),
    ];
    await asks("POST", "/conferences/films/dial-out", {
      uri: `sip:+4917112345@${HOST}:${agent.port}`,
      name: "Bob Builder",
    });
    await assert.rejects(
      agent.invite("sip:+4930987654@127.0.0.1:9".replace(":9", `:${server.port}`) as SipUri, {
        offer: offerFrom(30_000),
      }),
    );
    for (const leg of calls) await leg.bye();
    await until(
      () => server.program.lines.filter((line) => line.includes("conference ended")).length === 3,
      "three conferences over",
    );

    const log = server.program.lines.filter((line) => line.startsWith("{"));
    assert.ok(log.length >= 6);
    for (const line of log)
      assert.doesNotMatch(
        line,
        /alice|example"|builder|0301234567|4930123456|4917112345|4930987654|0123456789abcdef/i,
      );
    const about = (what: string) =>
      log.filter((line) => line.includes(what)).map((line) => JSON.parse(line).conference as string);
    assert.deepEqual(about("participant joined").sort(), about("conference ended").sort());
    assert.ok(about("participant joined").includes("films"));
  });
});

describe("A server without a control API", () => {
  test("shows its figures where --metrics-port says, to this machine", async () => {
    const proxy = await startServer("proxy", { args: ["--metrics-port", "0"] });
    try {
      const [, address = ""] = await proxy.program.says(/metrics at (http:\/\/127\.0\.0\.1:\d+\/metrics)/);
      await agent.request("OPTIONS", `sip:${HOST}:${proxy.port}`);

      const text = await (await fetch(address)).text();

      assert.match(text, /partyline_sip_requests_total\{direction="in",method="OPTIONS",server="proxy"\} 1/);
      assert.match(text, /process_resident_memory_bytes/);
      assert.equal((await fetch(address.replace("/metrics", "/"))).status, 404);
    } finally {
      await proxy.stop();
    }
  });

  test("is told that --control-port needs a token", async () => {
    await assert.rejects(
      startServer("conference", { args: ["--control-port", "0"] }),
      /--control-port needs --control-token/,
    );
  });
});
