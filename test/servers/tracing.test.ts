import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Tracing } from "../../servers/tracing.ts";
import { readCapture } from "../support/capture.ts";
import { request } from "../support/desk.ts";

const via = [{ version: "2.0", protocol: "UDP", host: "h", params: { branch: "z9hG4bK1" } }];
const options = (() => {
  const asked = request("OPTIONS", "sip:films@127.0.0.1");
  return { ...asked, headers: { ...asked.headers, via } };
})();
const PEER = { protocol: "UDP", address: "127.0.0.1", port: 5090 } as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-tracing-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("A server's capture", () => {
  test("is one file for all servers of a run, its user's alone, with the port each listens on", async () => {
    const pcap = join(folder, "servers.pcapng");
    for (const [name, address] of [
      ["conference", "sip:127.0.0.1:5080"],
      ["proxy", "[::1]:5070"],
    ] as const) {
      const tracing = new Tracing({ name, flow: false, pcap });
      const { onTrace } = tracing.trace();
      tracing.listening(address);
      onTrace?.("out", options, PEER);
    }
    const packets = readCapture(await readFile(pcap));

    assert.deepEqual(
      packets.map(({ from, sound }) => [from.replace(/^\[(?:0000:){7}/, "[::"), sound]),
      [
        ["127.0.0.1:5080", true],
        ["[::0001]:5070", true],
      ],
    );
    assert.equal((await stat(pcap)).mode & 0o777, 0o600);
  });

  test("is not made, and nothing traced, unless asked for", () => {
    assert.deepEqual(new Tracing({ name: "proxy", flow: false, pcap: undefined }).trace(), {});
  });

  test("that cannot be written is an error at the start", () => {
    assert.throws(() => new Tracing({ name: "proxy", flow: false, pcap: join(folder, "no", "where") }), {
      code: "ENOENT",
    });
  });
});
