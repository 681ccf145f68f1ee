/** `partyline trace` beside a real service that calls a phone and a conference. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type AnsweringDesk, startAnsweringDesk } from "../support/answering-desk.ts";
import { readCapture } from "../support/capture.ts";
import { Daemon } from "../support/daemon.ts";
import { Program } from "../support/processes.ts";
import { type ConferenceSite, ROOT, startConferenceSite } from "../support/servers.ts";

let site: ConferenceSite;
let desk: AnsweringDesk;
let folder: string;

before(async () => {
  site = await startConferenceSite();
  desk = await startAnsweringDesk("desk/1.0");
  folder = await mkdtemp(join(tmpdir(), "partyline-trace-"));
});
after(async () => {
  await desk.stop();
  await site.stop();
  await rm(folder, { recursive: true });
});

async function tracing(...args: string[]): Promise<Program> {
  const bin = join(ROOT, "native-host", "bin", "partyline.mjs");
  return Program.start(process.execPath, {
    name: "trace",
    args: [bin, "trace", ...args],
    env: { ...desk.service.environment },
    ready: /^tracing/,
  });
}

/** Joins and leaves, and ends the trace once it has seen the last BYE. */
async function callSeenBy(trace: Program, last: RegExp): Promise<string[]> {
  const client = await desk.service.connect();
  await client.tell("Join", { id: site.room("films") }, '<Use dev="desk"/>');
  await client.tell("Leave");
  client.close();
  await trace.says(last);
  await trace.stop();
  return trace.lines;
}

describe("partyline trace", () => {
  test("draws the call as a ladder, with names from the configuration and from the parties", async () => {
    const lines = await callSeenBy(await tracing(), /200 OK \(BYE\)$/);
    const drawn = lines.filter((line) => /^\d\d:\d\d:\d\d\.\d{3} /.test(line));

    assert.ok(
      lines.some((line) => /^ +desk +service +conference$/.test(line)),
      lines.join("\n"),
    );
    // Phones may be asked whether they are there before one is called.
    const [invite = ""] = drawn.filter((line) => !line.includes("OPTIONS"));
    assert.match(invite, /^[\d:.]{12} +│◀─+│ +INVITE sip:desk@127\.0\.0\.1:\d+ sdp$/);
    assert.ok(drawn.some((line) => /│ +│─+▶│ +INVITE sip:films@127\.0\.0\.1:\d+ sdp$/.test(line)));
    assert.ok(drawn.some((line) => /│ +│◀─+│ +200 OK \(INVITE\) sdp$/.test(line)));
    assert.ok(lines.every((line) => line.length <= 120));
    assert.equal(await (await tracing()).stop().then(() => 0), 0);
  });

  test("writes a capture that holds every message whole, and for its user's eyes only", async () => {
    const file = join(folder, "call.pcapng");
    const lines = await callSeenBy(await tracing("--json", "--pcap", file), /"words":"200 OK \(BYE\)/);
    const told = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    const packets = readCapture(await readFile(file));

    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(
      packets.map(({ text }) => text),
      told.map(({ text }) => text),
    );
    const [first] = told;
    assert.deepEqual([first.from, first.to, first.again], ["service", "desk", false]);
    assert.deepEqual([packets[0]?.to, packets[0]?.sound], [`127.0.0.1:${desk.desk.port}`, true]);
    assert.ok(packets.every(({ sound }) => sound));
  });

  test("ends with an error when the service does", async () => {
    const other = await Daemon.start({ name: "bob" });
    const bin = join(ROOT, "native-host", "bin", "partyline.mjs");
    const options = { name: "trace", args: [bin, "trace"], env: { ...other.environment }, ready: /^tracing/ };
    const trace = await Program.start(process.execPath, options);
    await other.stop();

    assert.equal(await trace.exited, 1);
    assert.match(trace.lines.at(-1) ?? "", /partyline: The SIP service ended\./);
  });
});
