import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { Media } from "../../../../servers/media-server/media-engine.ts";
import { Mixer, MixerBusyError, type MixerOptions } from "../../../../servers/media-server/mixing/mixer.ts";
import { freePorts } from "../../../support/ports.ts";
import { RtpParty } from "../../../support/rtp-party.ts";
import { until } from "../../../support/until.ts";

const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends) await end();
});

const host = "127.0.0.1";
const anyPort = { first: 0, last: 0 };

function mixer(options: Partial<MixerOptions> = {}): Mixer {
  const started = new Mixer({ host, rtp: anyPort, ...options });
  ends.push(() => started.stop());
  return started;
}

function media({ address, port }: RtpParty): Media {
  const payloads = [{ payload: 0, codec: "PCMU" as const }];
  return { remote: { address, port }, hears: true, speaks: true, codec: "PCMU", payload: 0, payloads };
}

/** A party in a room of a mixer, sending its tone. */
async function join(
  to: Mixer,
  room: string,
  hz: number | undefined,
): Promise<{ party: RtpParty; stream: number }> {
  const party = await RtpParty.open(hz === undefined ? {} : { hz });
  ends.push(() => party.close());
  const { stream, port } = await to.open();
  to.agree(stream, media(party));
  to.speak(stream);
  to.move(stream, room);
  party.talkTo({ address: host, port });
  return { party, stream };
}

describe("the mixer in its thread", () => {
  test("mixes three over real sockets and moves one without losing a frame", async () => {
    const films = mixer();
    const alice = await join(films, "comedies", 450);
    const bob = await join(films, "dramas", 600);
    const carol = await join(films, "comedies", 1000);
    await carol.party.hears(450);
    await alice.party.hears(1000);
    carol.party.forget();

    films.move(carol.stream, "dramas");
    await carol.party.hears(600);
    await bob.party.hears(1000);
    await carol.party.frames(10);

    assert.equal(carol.party.heard.missingFrames(), 0);
    assert.equal(carol.party.heard.ssrcChanges(), 0);
    const moved = carol.party.heard.firstWith(600)?.at ?? 0;
    assert.deepEqual(carol.party.heard.tonesHeard({ from: moved }), [600]);
  });

  test("says nothing any more to a stream that was closed", async () => {
    const films = mixer();
    const alice = await join(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await alice.party.hears(600);
    films.close(alice.stream);
    await films.dump();
    alice.party.forget();
    await bob.party.frames(10);

    assert.equal(alice.party.heard.packets.length, 0);
    assert.equal((await films.dump()).streams.length, 1);
  });

  test("lets nobody in when the ports are used up", async () => {
    const lowest = await freePorts(4);
    const narrow = mixer({ rtp: { first: lowest, last: lowest + 3 } });
    const [first, second] = [await narrow.open(), await narrow.open()];

    assert.deepEqual([first.port, second.port].toSorted(), [lowest, lowest + 2]);
    await assert.rejects(narrow.open(), MixerBusyError);
    narrow.close(first.stream);
    assert.equal((await narrow.open()).port, lowest);
  });

  test("ticks for whoever is in a room, and for nobody not at all", async () => {
    const [films, games] = [mixer(), mixer()];
    await join(films, "comedies", 450);
    const bob = await join(films, "comedies", undefined);
    await bob.party.hears(450);
    const alone = await join(games, "chess", 600);
    await until(async () => (await games.dump()).clock.ticks > 5, "ticks");
    games.close(alone.stream);
    await bob.party.frames(3);
    const { ticks } = (await games.dump()).clock;
    await bob.party.frames(10);

    assert.equal((await games.dump()).clock.ticks, ticks);
    assert.ok((await films.dump()).clock.ticks > 10);
  });

  test("starts another thread when its own dies, and says so", async () => {
    const threads: Worker[] = [];
    const crash = Promise.withResolvers<void>();
    const films = mixer({
      onCrash: () => crash.resolve(),
      spawn(data) {
        const url = new URL("../../../../servers/media-server/mixing/tick-worker.ts", import.meta.url);
        const thread = new Worker(url, { workerData: data, transferList: [data.port] });
        threads.push(thread);
        return thread;
      },
    });
    await join(films, "comedies", 450);
    await threads[0]?.terminate();
    await crash.promise;

    const alice = await join(films, "comedies", 450);
    await join(films, "comedies", 600);
    await alice.party.hears(600);
    assert.equal((await films.dump()).streams.length, 2);
  });
});
