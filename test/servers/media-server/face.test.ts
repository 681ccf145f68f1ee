import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { openMixerServer } from "../../../servers/mixer/server.ts";
import { studio } from "../../support/mixer-cast.ts";

describe("A media server that cannot listen", () => {
  test("rejects, and its thread that mixes ends", async () => {
    const { mixer } = await studio();
    const threads: Promise<unknown>[] = [];
    const opening = openMixerServer({
      host: "127.0.0.1",
      port: Number(mixer.address.split(":").at(-1)),
      rtp: { first: 0, last: 0 },
      log: { info: () => undefined, error: () => undefined },
      spawn(data) {
        const url = new URL("../../../servers/media-server/mixing/tick-worker.ts", import.meta.url);
        const thread = new Worker(url, { workerData: data, transferList: [data.port] });
        threads.push(once(thread, "exit"));
        return thread;
      },
    });

    await assert.rejects(opening, /EADDRINUSE/);
    assert.equal(threads.length, 1);
    await Promise.all(threads);
  });
});
