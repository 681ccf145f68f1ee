import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { continued, fitted } from "#sdp/continued.ts";
import { Origin } from "#sdp/origin.ts";

const sdp = (...media: string[]) =>
  ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...media, ""].join("\r\n");
const mediaLines = (text: string) => text.split("\r\n").filter((line) => line.startsWith("m="));

const AUDIO = "m=audio 4000 RTP/AVP 0";
const VIDEO = "m=video 5000 RTP/AVP 96";

describe("A new offer on a leg", () => {
  test("keeps the place of a stream it no longer has, with port 0", () => {
    const next = continued(sdp("m=audio 4002 RTP/AVP 8"), sdp(AUDIO, VIDEO));

    assert.deepEqual(mediaLines(next), ["m=audio 4002 RTP/AVP 8", "m=video 0 RTP/AVP 96"]);
  });

  test("puts each stream where one of its kind stood, and new ones last", () => {
    const message = "m=message 9 TCP/MSRP *";
    const next = continued(sdp(message, "m=audio 4002 RTP/AVP 0"), sdp(VIDEO, AUDIO));

    assert.deepEqual(mediaLines(next), ["m=video 0 RTP/AVP 96", "m=audio 4002 RTP/AVP 0", message]);
  });

  test("takes the place of the live audio, not of one refused before", () => {
    const next = continued(sdp("m=audio 4002 RTP/AVP 0"), sdp(VIDEO, "m=audio 0 RTP/AVP 9", AUDIO));

    assert.deepEqual(mediaLines(next), [
      "m=video 0 RTP/AVP 96",
      "m=audio 0 RTP/AVP 9",
      "m=audio 4002 RTP/AVP 0",
    ]);
  });

  test("is left as it is where nothing is missing", () => {
    const next = sdp(AUDIO, "a=x-unknown:kept", VIDEO);

    assert.equal(continued(next, sdp(AUDIO, VIDEO)), next);
    assert.equal(continued(next, ""), next);
  });

  test("never has fewer streams than any before it, whatever the source, and keeps its o= address", () => {
    const origin = new Origin();
    const said = [
      origin.stamp(sdp(AUDIO)),
      origin.answer(sdp("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 96"), sdp(AUDIO, VIDEO)),
      origin.offer(
        sdp("m=audio 4002 RTP/AVP 0").replace("o=- 1 1 IN IP4 192.0.2.1", "o=- 7 7 IN IP4 198.51.100.1"),
      ),
    ];

    assert.deepEqual(
      said.map((text) => mediaLines(text).length),
      [1, 2, 2],
    );
    const origins = said.map((text) => /^o=- \d+ (\d+) (.*)$/m.exec(text)?.slice(1, 3));
    assert.deepEqual(origins, [
      ["1", "IN IP4 192.0.2.1"],
      ["2", "IN IP4 192.0.2.1"],
      ["3", "IN IP4 192.0.2.1"],
    ]);
  });
});

describe("An answer", () => {
  test("has one m-line for each of the offer", () => {
    assert.deepEqual(mediaLines(fitted(sdp(AUDIO), sdp(AUDIO, VIDEO))), [AUDIO, "m=video 0 RTP/AVP 96"]);
    assert.deepEqual(mediaLines(fitted(sdp(AUDIO, "m=video 0 RTP/AVP 96"), sdp(AUDIO))), [AUDIO]);
  });
});
