/** Descriptions nobody should send: whatever they say, nothing throws and nothing takes long. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { continued, fitted } from "#sdp/continued.ts";
import { directionsOf, withDirection, withoutSending } from "#sdp/hold.ts";
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import { Origin, sameMedia } from "#sdp/origin.ts";
import { PayloadNumbers } from "#sdp/payload-numbers.ts";
import { readAudio } from "#sdp/session.ts";
import { agreedMedia } from "../../servers/media-server/agreed-media.ts";
import { offerAt } from "../support/descriptions.ts";
import { below, randomFrom } from "../support/random.ts";

const LOCAL = { address: "127.0.0.1", port: 4000, codecs: ["PCMU", "PCMA"], telephoneEvent: true } as const;

const BROWSER = [
  "v=0",
  "o=- 4611 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0 1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 126",
  "c=IN IP4 0.0.0.0",
  "a=rtcp:9 IN IP4 0.0.0.0",
  "a=ice-ufrag:8hhY",
  "a=fingerprint:sha-256 AA:BB",
  "a=mid:0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=rtpmap:126 telephone-event/8000",
  "a=ssrc:1 cname:x",
  "a=candidate:1 1 udp 2122 192.0.2.1 50000 typ host",
  "m=video 9 RTP/AVP 96",
  "a=simulcast:send 1;2,3",
  "a=imageattr:96 send [x=1,y=2] recv *",
  "",
].join("\r\n");
const SEEDS = [
  BROWSER,
  offerAt(4000),
  makeOffer({ ...LOCAL, address: "2001:db8::1" }),
  withDirection(offerAt(2), "inactive"),
];
const SPLINTERS = [
  "m=audio 0 RTP/AVP",
  "m=",
  "a=",
  "c=IN IP6 ::",
  "c=IN IP4 0.0.0.0",
  "\0",
  "\r",
  "=",
  " ",
  "-1",
  "1e99",
  "65536",
  "__proto__",
  "constructor",
  "a=rtpmap:0 PCMU/8000/1/2/3",
  "a=rtpmap:999999999999 x",
  "a=maxptime:0.1",
  "a=ptime:-5",
  "\u{1f4de}",
];

function mutated(random: () => number): string {
  const pick = <One>(from: readonly One[]) => from[below(random, from.length)] as One;
  let text = pick(SEEDS);
  for (let n = below(random, 6); n >= 0; n--) {
    const at = below(random, text.length);
    const ways = [
      () => text.slice(0, at) + pick(SPLINTERS) + text.slice(at),
      () => text.slice(0, at) + text.slice(at + 1 + below(random, 20)),
      () => text.slice(0, at) + pick(SEEDS).slice(below(random, 200)),
      () => text.slice(0, at) + String.fromCharCode(below(random, 256)) + text.slice(at + 1),
      () => `${text.slice(0, at)}\r\n${pick(SPLINTERS)}\r\n${text.slice(at)}`,
    ];
    text = pick(ways)();
  }
  return text;
}

/** Everything we do with a description of a stranger. */
function useAll(text: string, other: string): void {
  const answer = makeAnswer(text, LOCAL);
  readAudio(text);
  directionsOf(withDirection(text, "recvonly"));
  withoutSending(text);
  sameMedia(text, other);
  fitted(other, text);
  const origin = new Origin();
  origin.answer(other, text);
  origin.offer(continued(text, other));
  const numbers = new PayloadNumbers();
  numbers.learn(other);
  numbers.kept(text);
  agreedMedia(text, answer ?? makeOffer(LOCAL));
}

describe("A hostile description", () => {
  test("never makes anything throw", (t) => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    t.diagnostic(`SEED=${seed}`);
    const random = randomFrom(seed);
    for (let n = 0; n < 3000; n++) {
      const [text, other] = [mutated(random), mutated(random)];
      assert.doesNotThrow(() => useAll(text, other), `SEED=${seed}: ${JSON.stringify(text)}`);
    }
  });

  test("gets an answer with as many m-lines as it has, or none", () => {
    const random = randomFrom(7);
    const lines = (text: string) => text.split(/\r\n|\r|\n/).filter((line) => line.startsWith("m="));
    for (let n = 0; n < 1000; n++) {
      const offer = mutated(random);
      const answer = makeAnswer(offer, LOCAL);
      if (answer === undefined) continue;
      assert.equal(lines(answer).length, lines(offer).length, JSON.stringify(offer));
    }
  });

  test("is read in time that grows with its length", () => {
    for (const piece of [
      "m=audio 1 RTP/AVP 0\r\n",
      "a=rtpmap:0 x/1\r\n",
      "a=candidate:1 1 udp 1 ",
      "a=sendonly\r\n",
    ]) {
      const text = offerAt(4000) + piece.repeat(Math.floor(60_000 / piece.length));
      const startedAt = performance.now();
      useAll(text, text);
      assert.ok(performance.now() - startedAt < 1500, piece);
    }
  });
});
