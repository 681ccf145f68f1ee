import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { directionsOf, wishAfter, withDirection, withoutSending } from "#sdp/hold.ts";
import { readAudio } from "#sdp/session.ts";
import { offerAt } from "../support/descriptions.ts";

describe("hold and mute", () => {
  test("turns the audio and nothing else", () => {
    const offer = offerAt(4000);
    const muted = withDirection(offer, "recvonly");

    assert.equal(readAudio(muted)?.direction, "recvonly");
    assert.equal(withDirection(muted, "sendrecv"), withDirection(offer, "sendrecv"));
    assert.deepEqual(
      muted.split("\r\n").filter((line) => !offer.includes(line)),
      ["a=recvonly"],
    );
  });

  test("turns the audio of a session that said one direction for all", () => {
    const session = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "a=inactive"];
    const media = [
      "m=video 5000 RTP/AVP 96",
      "a=rtpmap:96 VP8/90000",
      "m=audio 4000 RTP/AVP 0",
      "m=audio 0 RTP/AVP 0",
    ];

    const lines = withDirection([...session, ...media, ""].join("\r\n"), "sendrecv").split("\r\n");

    assert.deepEqual(lines.slice(5), [
      "m=video 5000 RTP/AVP 96",
      "a=rtpmap:96 VP8/90000",
      "a=inactive",
      "m=audio 4000 RTP/AVP 0",
      "a=sendrecv",
      "m=audio 0 RTP/AVP 0",
      "a=inactive",
      "",
    ]);
  });

  test("leaves a description without media alone", () => {
    assert.equal(withDirection("", "recvonly"), "");
  });
});

describe("hold under hold", () => {
  test("mute takes the voice and leaves a hold as it is", () => {
    for (const [before, after] of [
      ["sendrecv", "recvonly"],
      ["sendonly", "inactive"],
      ["recvonly", "recvonly"],
      ["inactive", "inactive"],
    ] as const) {
      assert.deepEqual(directionsOf(withoutSending(withDirection(offerAt(4000), before))), [after]);
    }
  });

  test("knows the old way to hold, an address of zeros", () => {
    const held = offerAt(4000).replace(/^c=.*$/m, "c=IN IP4 0.0.0.0");

    assert.deepEqual(directionsOf(held), ["sendonly"]);
    assert.equal(readAudio(held)?.direction, "sendonly");
    assert.deepEqual(directionsOf(held.replace("0.0.0.0", "192.0.2.1")), ["sendrecv"]);
  });

  test("an answer to a hold does not say what its sender wants, one to a full offer does", () => {
    assert.equal(wishAfter("sendrecv", "sendonly", "recvonly"), "sendrecv");
    assert.equal(wishAfter("sendonly", "sendonly", "inactive"), "sendonly");
    assert.equal(wishAfter("sendrecv", "inactive", "inactive"), "sendrecv");
    assert.equal(wishAfter("sendrecv", "sendrecv", "sendonly"), "sendonly");
    assert.equal(wishAfter("sendonly", "sendrecv", "sendrecv"), "sendrecv");
  });
});
