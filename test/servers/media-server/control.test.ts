import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import type { SipRequest, SipUri } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { parseXml } from "#xml/strict.ts";
import { ends, join, phone, room, streams, studio, timers } from "../../support/mixer-cast.ts";
import { freePorts } from "../../support/ports.ts";
import { mediaOf } from "../../support/rtp-party.ts";

describe("the mixer's SIP face", () => {
  test("puts three callers into a conference, each hearing the other two", async () => {
    const films = await studio();
    const alice = await join(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    const carol = await join(films, "comedies", 1000);
    await Promise.all([alice.party.hears(600), bob.party.hears(1000), carol.party.hears(450)]);
    await alice.party.frames(5);
    const from = performance.now();
    await Promise.all([alice, bob, carol].map(({ party }) => party.frames(15)));

    assert.deepEqual(alice.party.heard.tonesHeard({ from }), [600, 1000]);
    assert.deepEqual(bob.party.heard.tonesHeard({ from }), [450, 1000]);
    assert.deepEqual(carol.party.heard.tonesHeard({ from }), [450, 600]);
  });

  test("moves a caller by Replaces: same port, same stream, and the old dialog gets its BYE", async () => {
    const films = await studio();
    await join(films, "comedies", 450);
    await join(films, "dramas", 600);
    const goodbye = Promise.withResolvers<string>();
    const carol = await join(films, "comedies", undefined, { onEnded: goodbye.resolve });
    await carol.party.hears(450);
    carol.party.forget();

    const moved = await films.focus.invite(room(films.mixer, "dramas"), {
      offer: carol.party.offer(),
      replaces: carol.leg.id,
    });
    await carol.party.hears(600);
    await carol.party.frames(10);

    assert.deepEqual(mediaOf(moved.answer), mediaOf(carol.answer));
    assert.match(await goodbye.promise, /Replaced/);
    assert.equal(carol.party.heard.missingFrames(), 0);
    assert.equal(carol.party.heard.ssrcChanges(), 0);
    assert.equal((await films.mixer.dump()).streams.length, 3);
    await moved.leg.bye();
    await streams(films.mixer, 2);
  });

  test("says no to a Replaces that names no dialog, or comes from another address than the dialog", async () => {
    const films = await studio();
    const alice = await join(films, "comedies", 450);
    const stranger = await UserAgent.open({ host: "127.0.0.2", port: 0, name: "x", identity: {}, timers });
    ends.push(() => stranger.close());
    const steal = (by: UserAgent, localTag: string) =>
      by.invite(room(films.mixer, "dramas"), {
        offer: alice.party.offer(),
        replaces: { ...alice.leg.id, localTag },
      });

    await assert.rejects(steal(films.focus, "nobody"), { status: 481 });
    await assert.rejects(steal(stranger, alice.leg.id.localTag), { status: 403 });
    assert.equal(alice.leg.state, "confirmed");
    assert.deepEqual(
      (await films.mixer.dump()).rooms.map(({ id }) => id),
      ["comedies"],
    );
  });

  test("mutes a caller who re-INVITEs with recvonly and hears him again after sendrecv", async () => {
    const films = await studio();
    const alice = await join(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await bob.party.hears(450);

    const answer = await alice.leg.offer(alice.party.offer("recvonly"));
    assert.match(answer, /a=sendonly/);
    await bob.party.frames(5);
    const from = performance.now();
    await bob.party.frames(10);
    assert.deepEqual(bob.party.heard.tonesHeard({ from }), []);
    await alice.party.hears(600);

    await alice.leg.offer(alice.party.offer());
    await bob.party.hears(450);
  });

  test("follows a re-INVITE to another address, with PCMA there", async () => {
    const films = await studio();
    const alice = await join(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await alice.party.hears(600);
    const desk = await phone(1000, "PCMA");

    const answer = await alice.leg.offer(desk.offer());
    desk.talkTo(answer);

    await Promise.all([desk.hears(600), bob.party.hears(1000)]);
    alice.party.forget();
    await desk.frames(5);
    assert.equal(alice.party.heard.packets.length, 0);
    assert.deepEqual(mediaOf(answer), mediaOf(alice.answer));
  });

  test("refuses what it cannot do, and keeps no port for it", async () => {
    const { mixer, focus } = await studio();
    const alice = await phone(450);
    const refusal = (uri: SipUri, offer: string) => focus.invite(uri, { offer });
    const opus = alice.offer().replace("RTP/AVP 0", "RTP/AVP 96").replace("0 PCMU/8000", "96 opus/48000");
    const ip6 = alice.offer().replace("c=IN IP4 127.0.0.1", "c=IN IP6 ::1");

    await assert.rejects(refusal(room(mixer, "comedies"), opus), { status: 488 });
    await assert.rejects(refusal(room(mixer, "comedies"), ip6), { status: 488 });
    await assert.rejects(refusal(mixer.address, alice.offer()), { status: 404 });
    await assert.rejects(refusal(room(mixer, ""), alice.offer()), { status: 404 });
    assert.deepEqual((await mixer.dump()).streams, []);
  });

  test("asks to come again when all ports are taken", async () => {
    const only = await freePorts();
    const films = await studio({ rtp: { first: only, last: only } });
    const alice = await join(films, "comedies", 450);

    const refused = await join(films, "comedies", 600).catch((error: unknown) => error);

    assert.ok(refused instanceof SipError);
    assert.equal(refused.status, 503);
    assert.equal(refused.response?.headers["retry-after"], "5");
    await alice.leg.bye();
    await streams(films.mixer, 0);
    await join(films, "comedies", 600);
  });

  test("makes the offer itself when the INVITE has none", async () => {
    const films = await studio();
    const bob = await join(films, "comedies", 600);
    const alice = await phone(450);
    const invited = await films.focus.invite(room(films.mixer, "comedies"), {
      answerOffer: (offer) => {
        alice.talkTo(offer);
        return alice.offer();
      },
    });

    await Promise.all([alice.hears(600), bob.party.hears(450)]);
    await invited.leg.bye();
    await streams(films.mixer, 1);
  });

  test("tells by INFO who began to talk and who stopped", async () => {
    const films = await studio();
    const told: { callid: string | undefined; numtalkers: string | undefined }[] = [];
    const silent = Promise.withResolvers<void>();
    const onRequest = (request: SipRequest) => {
      const conference = parseXml(request.content).children[0]?.children[0];
      const talker = conference?.children[0]?.children[0]?.attributes;
      assert.equal(conference?.attributes["uniqueid"], "comedies");
      told.push({ callid: talker?.["callid"], numtalkers: conference?.attributes["numtalkers"] });
      if (!talker) silent.resolve();
      return { status: 200 };
    };
    await join(films, "comedies", undefined);
    const alice = await join(films, "comedies", 450, { onRequest });
    await alice.party.frames(20);
    alice.party.hz = undefined;
    await silent.promise;

    assert.deepEqual(told, [
      { callid: alice.leg.id.callId, numtalkers: "1" },
      { callid: undefined, numtalkers: "0" },
    ]);
  });

  test("hangs up on everybody when its mixing thread dies, and takes new calls", async () => {
    const threads: Worker[] = [];
    const films = await studio({
      spawn(data) {
        const url = new URL("../../../servers/media-server/mixing/tick-worker.ts", import.meta.url);
        threads.push(new Worker(url, { workerData: data, transferList: [data.port] }));
        return threads.at(-1) as Worker;
      },
    });
    const goodbyes = [];
    for (const id of ["comedies", "dramas"]) {
      const { promise, resolve } = Promise.withResolvers<string>();
      await join(films, id, 450, { onEnded: resolve });
      goodbyes.push(promise);
    }
    await threads[0]?.terminate();

    assert.match((await Promise.all(goodbyes)).join(), /Mixer failed.*Mixer failed/);
    const alice = await join(films, "comedies", 450);
    await join(films, "comedies", 600);
    await alice.party.hears(600);
  });

  test("is not brought down by whatever is thrown at its media ports", async () => {
    const films = await studio();
    const alice = await join(films, "comedies", 450);
    const bob = await join(films, "comedies", 600);
    await bob.party.hears(450);
    const to = mediaOf(alice.answer);
    const injector = await phone(1500);
    injector.talkTo(alice.answer);
    for (let n = 0; n < 500; n++) {
      const junk = Uint8Array.from({ length: n % 200 }, () => Math.floor(Math.random() * 256));
      injector.send(junk, to);
      alice.party.send(junk, to);
    }
    await bob.party.frames(30);

    assert.equal(bob.party.heard.firstWith(1500), undefined);
    await bob.party.hears(450);
    assert.equal(injector.heard.packets.length, 0);
  });

  test("says goodbye to everybody when it is closed", async () => {
    const films = await studio();
    const goodbye = Promise.withResolvers<string>();
    const alice = await join(films, "comedies", 450, { onEnded: goodbye.resolve });
    await alice.party.frames(3);

    await films.mixer.close();
    await goodbye.promise;
    const from = alice.party.forget();
    await new Promise((done) => setTimeout(done, 60));
    assert.deepEqual(alice.party.heard.audio({ from }), []);
    assert.equal(alice.leg.state, "ended");
  });
});
