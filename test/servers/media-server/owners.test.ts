import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import { openStack } from "#sip/stack.ts";
import { UserAgent } from "#sip/user-agent.ts";
import type { MixerServerOptions } from "../../../servers/mixer/server.ts";
import { ends, join, phone, room, streams, studio, timers } from "../../support/mixer-cast.ts";
import { freePorts } from "../../support/ports.ts";

const host = "127.0.0.1";
const watch = { everyMs: 50, patienceMs: 600 };

/** A focus that can be gone from one moment to the next, without a BYE, as after kill -9. */
async function mortal(port: number, session?: { expiresS: number; shortestS: number }) {
  let kill: () => Promise<void> = async () => undefined;
  let dead = false;
  const focus = await UserAgent.open(
    {
      host,
      port,
      name: "focus",
      identity: {},
      timers,
      onError: () => undefined,
      ...(session && { session }),
    },
    async (options) => {
      const stack = await openStack(options);
      kill = () => {
        dead = true;
        return stack.close();
      };
      return stack;
    },
  );
  ends.push(() => (dead ? undefined : focus.close()));
  return { focus, kill: () => kill() };
}

/** Two owners at one mixer: one that may die, with so many legs in comedies, and one with a leg in dramas. */
async function twoOwners(legs: number, options: Partial<MixerServerOptions> = {}, talking = true) {
  const films = await studio({ watch, ...options });
  const port = await freePorts();
  const { focus, kill } = await mortal(port);
  const people = [];
  for (let n = 0; n < legs; n++)
    people.push(await join({ ...films, focus }, "comedies", talking ? 450 + 150 * n : undefined));
  const dave = await join(films, "dramas", 1000);
  return { films, port, kill, people, dave };
}

describe("The legs of an owner", () => {
  test("that answers stay, and it is asked on one of them at a time", async () => {
    let asked = 0;
    const onTrace: MixerServerOptions["onTrace"] = (direction, message) => {
      if (direction === "out" && "method" in message && message.method === "OPTIONS") asked++;
    };
    const { films, people } = await twoOwners(3, { onTrace });
    const from = performance.now();
    asked = 0;
    await people[0]?.party.frames(40);
    const most = (2 * (performance.now() - from)) / watch.everyMs + 4;
    assert.ok(asked > 4 && asked < most, `${asked} times`);
    assert.equal((await films.mixer.dump()).streams.length, 4);
    assert.ok(people.every(({ leg }) => leg.state === "confirmed"));
  });

  test("that began anew and knows them no longer are ended, all of them, and those of others are not", async () => {
    const everyMs = 400;
    const { films, port, kill, people, dave } = await twoOwners(6, { watch: { everyMs } }, false);
    await kill();
    const { focus } = await mortal(port);
    const from = performance.now();
    const anew = await join({ ...films, focus }, "comedies", 600);
    await streams(films.mixer, 2);

    assert.ok(performance.now() - from < 4 * everyMs, "one that is unknown has all the others asked at once");
    assert.deepEqual([anew.leg.state, dave.leg.state], ["confirmed", "confirmed"]);
    people[0]?.party.forget();
    await anew.party.frames(10);
    assert.deepEqual(people[0]?.party.heard.audio(), []);
  });

  test("that says nothing are kept for a while, in which its people hear one another, and then ended", async () => {
    const answers = new EventEmitter<Record<string, []>>();
    const onTrace: MixerServerOptions["onTrace"] = (direction, message, peer) => {
      const isAnswer = direction === "in" && "status" in message;
      if (isAnswer && message.headers.cseq.method === "OPTIONS") answers.emit(String(peer.port));
    };
    const { films, port, kill, people, dave } = await twoOwners(2, { onTrace });
    const [alice, bob] = people;
    assert.ok(alice && bob);
    // No question is under way then, for which the owner would have been silent for a moment already.
    await once(answers, String(port));
    const from = performance.now();
    await kill();
    await alice.party.frames(10);
    await Promise.all([alice.party.hears(600), bob.party.hears(450)]);
    await streams(films.mixer, 1);

    assert.ok(performance.now() - from >= watch.patienceMs);
    assert.equal(dave.leg.state, "confirmed");
  });

  test("that lost one of them lose that one alone", async () => {
    const { films, people } = await twoOwners(2);
    const [alice, bob] = people;
    assert.ok(alice && bob);
    // Its focus forgets the dialog without a word.
    (alice.leg as unknown as { drop(): void }).drop();
    await streams(films.mixer, 2);
    assert.equal(bob.leg.state, "confirmed");
  });

  test("are ended by their session timers where nobody asks", async () => {
    const session = { expiresS: 1, shortestS: 1 };
    const films = await studio({ watch: { everyMs: 600_000 }, session });
    const { focus, kill } = await mortal(0, session);
    await join({ ...films, focus }, "comedies", 450);
    await kill();
    await streams(films.mixer, 0);
  });
});

/** How many files and sockets this process holds; the mixing thread is part of it. */
async function descriptors(): Promise<number> {
  const open = await readdir("/proc/self/fd").catch(() => []);
  return open.length;
}

describe("Joins and leaves", () => {
  test("leave no leg, no stream and no socket behind, whichever way they end", async () => {
    const { focus, mixer } = await studio();
    const party = await phone();
    const offer = party.offer();
    const target = room(mixer, "comedies");
    // Its thread has what it needs by then; what an earlier test held may go later than that.
    await mixer.dump();
    const before = await descriptors();
    for (let n = 0; n < 60; n++) {
      const { leg } = await focus.invite(target, { offer });
      const moved = await focus.invite(room(mixer, `room${n % 3}`), { offer, replaces: leg.id });
      await assert.rejects(focus.invite(target, { offer: "v=0\r\n" }));
      const hasty = focus.invite(target, { offer, signal: AbortSignal.timeout(1) });
      await hasty.then(({ leg: late }) => late.bye()).catch(() => undefined);
      await moved.leg.bye();
    }
    await streams(mixer, 0);
    const { legs, rooms } = await mixer.dump();
    assert.deepEqual([legs, rooms], [[], []]);
    const after = await descriptors();
    assert.ok(after <= before, `${after} open files, ${before} before`);
  });
});
