/** SIPp as caller and subscriber against the conference server and the mixer, each a process of its own. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { makeOffer } from "#sdp/offer-answer.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { freePorts } from "../support/ports.ts";
import { runToEnd } from "../support/processes.ts";
import { type ConferenceSite, startConferenceSite } from "../support/servers.ts";

const SCENARIOS = join(import.meta.dirname, "sipp");
const PATIENCE = "20s";

let site: ConferenceSite;
let folder: string;

before(async () => {
  site = await startConferenceSite();
});
after(() => site.stop());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-sipp-"));
});
afterEach(() => rm(folder, { recursive: true }));

interface Words {
  readonly calls?: number;
  readonly transport?: "u1" | "t1";
}

async function command(scenario: string, { calls = 1, transport = "u1" }: Words): Promise<string[]> {
  const { host, port } = site.conference;
  const local = await freePorts(4);
  const target = [
    `${host}:${port}`,
    "-i",
    host,
    "-p",
    String(local),
    "-mp",
    String(local + 2),
    "-t",
    transport,
  ];
  const extent = ["-m", String(calls), "-r", "20", "-timeout", PATIENCE, "-timeout_error", "-nostdin"];
  const report = ["-trace_err", "-error_file", join(folder, "errors")];
  return [...target, "-sf", join(SCENARIOS, `${scenario}.xml`), "-s", scenario, ...extent, ...report];
}

/** Runs a scenario in the conference of its name; SIPp ends with 0 only when every call went as written. */
async function plays(scenario: string, words: Words = {}): Promise<void> {
  const { code, lines } = await runToEnd("sipp", {
    name: "sipp",
    args: await command(scenario, words),
    cwd: folder,
  });
  if (code !== 0)
    assert.fail(`${scenario}: sipp ended with ${code}\n${await errors()}\n${lines.slice(-40).join("\n")}`);
}

async function errors(): Promise<string> {
  const files = await readdir(folder);
  return (await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))).join("\n");
}

describe("SIPp as a caller", () => {
  test("joins with PCMU and leaves", () => plays("joins-and-leaves"));

  test("joins and leaves over TCP", () => plays("joins-and-leaves", { transport: "t1" }));

  test("joins and leaves fifty times, twenty a second", () => plays("joins-and-leaves", { calls: 50 }));

  test("answers the mixer's offer in its ACK", () => plays("answers-in-its-ack"));

  test("is refused with 488 when it brings no codec the mixer has", () => plays("brings-no-codec"));

  test("is told what the focus can do", () => plays("asks-what-it-can"));
});

describe("SIPp as a subscriber", () => {
  test("gets the full roster of the conference it is in, until it leaves", () => plays("member-watches"));

  test("is refused with 489 for another event", () => plays("watches-the-wrong-event"));

  test("is refused with 403 where it is a stranger", async () => {
    const bob = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "bob", identity: {} });
    const audio = {
      address: "127.0.0.1",
      port: await freePorts(2),
      codecs: ["PCMU" as const],
      telephoneEvent: false,
    };
    await bob.invite(site.room("stranger-watches"), { offer: makeOffer(audio) });

    await plays("stranger-watches");
    await bob.close();
  });
});

test("The conference server ends within 5 s of SIGTERM", async () => {
  const other = await startConferenceSite();
  const tookMs = await other.conference.program.stop();
  await other.stop();

  assert.equal(await other.conference.program.exited, 0);
  assert.ok(tookMs < 5_000);
});
