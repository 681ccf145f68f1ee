import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PayloadNumbers } from "#sdp/payload-numbers.ts";

const audio = (...maps: string[]) => {
  const payloads = maps.map((map) => map.split(" ", 1)[0]).join(" ");
  const head = ["v=0", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", `m=audio 4000 RTP/AVP 0 ${payloads}`];
  return [...head, ...maps.map((map) => `a=rtpmap:${map}`), "a=x-other:kept", ""].join("\r\n");
};

describe("The payload numbers of a leg", () => {
  test("offer key presses under 101, or as the peer called them", () => {
    const [ours, theirs] = [new PayloadNumbers(), new PayloadNumbers()];
    assert.equal(ours.events, 101);
    theirs.learn(audio("97 telephone-event/8000"));
    assert.equal(theirs.events, 97);
  });

  test("stay the same in every later offer", () => {
    const numbers = new PayloadNumbers();
    assert.equal(numbers.events, 101);
    numbers.learn(audio("97 telephone-event/8000", "101 opus/48000/2"));
    assert.equal(numbers.events, 101);
  });

  test("never give a number another meaning", () => {
    const numbers = new PayloadNumbers();
    numbers.learn(audio("101 opus/48000/2", "96 iLBC/8000"));

    assert.equal(numbers.events, 97);
  });

  test("leave out of a description what would mean something else now, and nothing else", () => {
    const numbers = new PayloadNumbers();
    numbers.learn(audio("101 telephone-event/8000"));
    const kept = numbers.kept(audio("101 opus/48000/2", "98 telephone-event/8000"));

    assert.match(kept, /^m=audio 4000 RTP\/AVP 0 98\r$/m);
    assert.doesNotMatch(kept, /opus/);
    assert.match(kept, /a=rtpmap:98 telephone-event\/8000\r\na=x-other:kept/);
    const same = audio("101 telephone-event/8000", "99 speex/8000");
    assert.equal(numbers.kept(same), same);
  });
});
