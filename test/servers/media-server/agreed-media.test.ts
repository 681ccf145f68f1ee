import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import { agreedMedia } from "../../../servers/media-server/agreed-media.ts";

const MIXER = { address: "127.0.0.1", port: 40_000, codecs: ["PCMU", "PCMA"], telephoneEvent: true } as const;

const his = (media: string, ...lines: string[]) =>
  ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", media, ...lines, ""].join("\r\n");
const numbers = (media: ReturnType<typeof agreedMedia>) => media?.payloads.map(({ payload }) => payload);

describe("What the mixer and a caller agreed on", () => {
  test("is the codec the caller likes best, or ours where that counts", () => {
    const offer = his("m=audio 4000 RTP/AVP 8 0");
    const theirs = agreedMedia(offer, makeAnswer(offer, MIXER) ?? "");
    const ours = agreedMedia(offer, makeAnswer(offer, { ...MIXER, order: "ours" }) ?? "");

    assert.deepEqual([theirs?.codec, ours?.codec], ["PCMA", "PCMU"]);
  });

  test("is what the caller's answer puts first, where the offer was ours", () => {
    const answer = his("m=audio 4000 RTP/AVP 8 0");

    assert.equal(agreedMedia(answer, makeOffer(MIXER), "his")?.codec, "PCMA");
  });

  test("lets a caller send under his numbers and under those we offered", () => {
    const answer = his("m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/8000");

    assert.deepEqual(numbers(agreedMedia(answer, makeOffer(MIXER), "his")), [0, 97, 8, 101]);
  });

  test("is nothing where he refused, or is of another IP version", () => {
    assert.equal(agreedMedia(his("m=audio 0 RTP/AVP 0"), makeOffer(MIXER)), undefined);
    const six = makeOffer({ ...MIXER, address: "::1" });
    assert.equal(agreedMedia(his("m=audio 4000 RTP/AVP 0"), six), undefined);
    assert.equal(agreedMedia(six, six)?.remote.address, "::1");
  });
});
