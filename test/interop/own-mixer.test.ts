/** A conference server that mixes by itself (`--mixer own`), alone and beside another mixer, with real media. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { readAudio } from "#sdp/session.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { openConferenceServer } from "../../servers/conference/server.ts";
import { OWN } from "../../servers/media-server/local-leg.ts";
import { openOwnMixer } from "../../servers/media-server/own-mixer.ts";
import { runToEnd } from "../support/processes.ts";
import { ROOT, startServer } from "../support/servers.ts";
import { hearEachOther, Talker } from "../support/talker.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const ELSEWHERE = "127.0.0.2";
const TONES = [400, 900, 1_400];
/** Promise F3. */
const BACK_MS = 5_000;
const log = { info: () => undefined, error: () => undefined };

const mediaAt = ({ leg }: Talker): string | undefined => readAudio(leg.description)?.address;

describe("A conference server that mixes by itself", () => {
  let agent: UserAgent;
  let people: Talker[];

  beforeEach(async () => {
    agent = await UserAgent.open({ host: HOST, port: 0, name: "crowd", identity: {} });
    people = await Promise.all(TONES.map((hz, n) => Talker.open(`person${n}`, agent, { hz })));
  });

  afterEach(async () => {
    await Promise.all(people.map((talker) => talker.leave()));
    await agent.close();
  });

  async function meet(room: SipUri): Promise<void> {
    for (const talker of people) await talker.join(room);
    await hearEachOther(people, BACK_MS);
  }

  test("says where everybody is when it is asked, and goodbye when it ends, with nothing left of either", async () => {
    const { program, host, port } = await startServer("conference", {
      args: ["--mixer", "own", "--rtp", "0"],
    });
    await meet(`sip:films@${host}:${port}`);
    program.kill("SIGUSR2");
    await program.says(/"dump":\{.*"id":"films","streams":\[\d+,\d+,\d+\]/);
    program.kill("SIGTERM");

    assert.equal(await program.exited, 0);
    await until(() => people.every(({ hungUp }) => hungUp.length === 1), "the goodbyes");
  });

  test("begins anew when the thread that mixes dies: all hear one another again, and nobody is hung up on", async (t) => {
    const threads: Worker[] = [];
    const own = await openOwnMixer({
      host: HOST,
      rtp: { first: 0, last: 0 },
      log,
      spawn(data) {
        const url = new URL("../../servers/media-server/mixing/tick-worker.ts", import.meta.url);
        const thread = new Worker(url, { workerData: data, transferList: [data.port] });
        threads.push(thread);
        return thread;
      },
    });
    const server = await openConferenceServer({ host: HOST, port: 0, mixers: [OWN], own, log });
    await meet(`sip:films@${server.address.slice("sip:".length)}`);
    for (const { rtp } of people) rtp.forget();
    const died = performance.now();
    await threads[0]?.terminate();
    await hearEachOther(people, BACK_MS);
    t.diagnostic(`all heard each other again after ${Math.round(performance.now() - died)} ms`);

    assert.ok(performance.now() - died < BACK_MS);
    assert.deepEqual(
      people.flatMap(({ hungUp }) => hungUp),
      [],
    );
    const { legs, streams } = await own.dump();
    assert.deepEqual([legs.length, streams.length], [TONES.length, TONES.length]);
    await server.close();
  });

  test("takes over the conference of another mixer that is killed, within five seconds", async (t) => {
    const other = await startServer("mixer", { args: ["--bind", ELSEWHERE, "--rtp", "0"] });
    const mixers = ["--mixer", `sip:${ELSEWHERE}:${other.port}`, "--mixer", "own", "--rtp", "0"];
    const conference = await startServer("conference", { args: mixers });
    await meet(`sip:films@${HOST}:${conference.port}`);
    assert.deepEqual(people.map(mediaAt), Array(TONES.length).fill(ELSEWHERE));
    const killed = performance.now();
    other.program.kill("SIGKILL");
    await until(() => people.every((talker) => mediaAt(talker) === HOST), "other media", BACK_MS);
    await hearEachOther(people, BACK_MS);
    t.diagnostic(`all heard each other again after ${Math.round(performance.now() - killed)} ms`);

    assert.ok(performance.now() - killed < BACK_MS);
    assert.deepEqual(
      people.flatMap(({ hungUp }) => hungUp),
      [],
    );
    await conference.stop();
  });

  test("refuses options that make no sense with one sentence and exit code 2", async () => {
    const script = join(ROOT, "servers", "conference", "main.ts");
    const wrong = [
      ["--mixer", "own", "--bind", "0.0.0.0"],
      ["--mixer", "own", "--mixer", "own"],
      ["--mixer", "own", "--mixer", OWN],
      ["--mixer", "own", "--rtp", "5-4"],
      ["--mixer", "own", "--codecs", "opus"],
      ["--rtp", "0"],
      ["--codecs", "PCMU"],
      ["--mixer", "mine"],
    ];
    for (const args of wrong) {
      const { code, lines } = await runToEnd(process.execPath, {
        name: "conference",
        args: [script, ...args],
      });
      assert.equal(code, 2, args.join(" "));
      assert.equal(lines.length, 1, lines.join("\n"));
    }
  });
});
