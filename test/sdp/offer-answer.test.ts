import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answerDirection, type LocalAudio, makeAnswer, makeOffer } from "#sdp/offer-answer.ts";
import { readAudio } from "#sdp/session.ts";

const mixer: LocalAudio = {
  address: "192.0.2.9",
  port: 40_000,
  codecs: ["PCMU", "PCMA"],
  telephoneEvent: true,
};

const offer = (...media: string[]) =>
  ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", ...media, ""].join("\r\n");

const mediaLines = (sdp = "") => sdp.split("\r\n").filter((line) => line.startsWith("m="));

describe("an offer", () => {
  test("says where we listen and what we understand", () => {
    const audio = readAudio(makeOffer({ ...mixer, direction: "recvonly" }));

    assert.equal(audio?.port, 40_000);
    assert.deepEqual(
      audio?.codecs.map(({ name }) => name),
      ["PCMU", "PCMA"],
    );
    assert.equal(audio?.telephoneEvent, 101);
    assert.equal(audio?.direction, "recvonly");
  });

  test("can name an IPv6 address", () => {
    assert.equal(readAudio(makeOffer({ ...mixer, address: "2001:db8::9" }))?.address, "2001:db8::9");
  });
});

describe("an answer", () => {
  test("keeps the caller's order of codecs and her number for DTMF", () => {
    const answer = makeAnswer(
      offer("m=audio 4000 RTP/AVP 8 0 96", "a=rtpmap:96 telephone-event/8000"),
      mixer,
    );

    assert.deepEqual(mediaLines(answer), ["m=audio 40000 RTP/AVP 8 0 96"]);
    assert.equal(readAudio(answer ?? "")?.telephoneEvent, 96);
  });

  test("keeps the caller's number for a codec under a dynamic one", () => {
    const answer = makeAnswer(offer("m=audio 4000 RTP/AVP 97", "a=rtpmap:97 pcmu/8000"), mixer);

    assert.deepEqual(readAudio(answer ?? "")?.codecs, [{ payload: 97, name: "PCMU", rate: 8000 }]);
  });

  test("refuses video and a second audio in their places", () => {
    const answer = makeAnswer(
      offer(
        "m=video 5000 RTP/AVP 96",
        "m=audio 4000 RTP/AVP 0",
        "m=audio 4002 RTP/AVP 0",
        "m=application 9 x/y z",
      ),
      mixer,
    );

    assert.deepEqual(mediaLines(answer), [
      "m=video 0 RTP/AVP 96",
      "m=audio 40000 RTP/AVP 0",
      "m=audio 0 RTP/AVP 0",
      "m=application 0 x/y z",
    ]);
  });

  test("offers no DTMF that was not offered", () => {
    assert.equal(
      readAudio(makeAnswer(offer("m=audio 4000 RTP/AVP 0"), mixer) ?? "")?.telephoneEvent,
      undefined,
    );
  });

  test("turns the direction round, and never allows more than both want", () => {
    assert.equal(answerDirection("sendrecv", "sendrecv"), "sendrecv");
    assert.equal(answerDirection("sendonly", "sendrecv"), "recvonly");
    assert.equal(answerDirection("recvonly", "sendrecv"), "sendonly");
    assert.equal(answerDirection("inactive", "sendrecv"), "inactive");
    assert.equal(answerDirection("sendrecv", "recvonly"), "recvonly");
    assert.equal(answerDirection("recvonly", "recvonly"), "inactive");
  });

  test("has our order of codecs where that is wished", () => {
    const answer = makeAnswer(offer("m=audio 4000 RTP/AVP 8 0"), { ...mixer, order: "ours" });

    assert.deepEqual(mediaLines(answer), ["m=audio 40000 RTP/AVP 0 8"]);
  });

  test("takes RTCP on the port of its RTP, and says so in the way the offer understands", () => {
    const muxed = makeAnswer(offer("m=audio 4000 RTP/AVP 0", "a=rtcp-mux", "a=rtcp:4001"), mixer);
    const plain = makeAnswer(offer("m=audio 4000 RTP/AVP 0"), mixer);
    const ambiguous = makeAnswer(
      offer("m=audio 4000 RTP/AVP 0 72", "a=rtpmap:72 x/8000", "a=rtcp-mux"),
      mixer,
    );

    assert.match(makeOffer(mixer), /a=rtcp-mux\r\n/);
    assert.match(muxed ?? "", /a=rtcp-mux\r\n/);
    assert.match(plain ?? "", /a=rtcp:40000\r\n/);
    assert.doesNotMatch(plain ?? "", /rtcp-mux/);
    assert.doesNotMatch(ambiguous ?? "", /rtcp-mux/);
  });

  test("is that of a peer who takes packets of 20 ms, whatever size it prefers", () => {
    const ptime = (...lines: string[]) => makeAnswer(offer("m=audio 4000 RTP/AVP 0", ...lines), mixer);

    assert.match(ptime("a=ptime:30", "a=maxptime:60") ?? "", /a=ptime:20\r\n/);
    assert.equal(ptime("a=maxptime:10"), undefined);
  });

  const hopeless: [string, string][] = [
    ["nothing we speak", offer("m=audio 4000 RTP/AVP 9", "a=rtpmap:9 G722/8000")],
    ["only video", offer("m=video 4000 RTP/AVP 96")],
    ["an m-line that cannot be read", offer("m=audio 4000 RTP/AVP 0", "m=audio everywhere")],
    ["a thousand streams", offer(...Array.from({ length: 1000 }, () => "m=audio 4000 RTP/AVP 0"))],
    ["bytes that are no description", "\u0000v=0\u0000"],
  ];
  for (const [title, text] of hopeless) {
    test(`is impossible to ${title}`, () => assert.equal(makeAnswer(text, mixer), undefined));
  }
});
