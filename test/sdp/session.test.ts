import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";

/** A description of one stream; the lines given replace or follow the usual ones. */
function sdp(lines: { session?: string[]; connection?: string; media?: string; attributes?: string[] } = {}) {
  const { session = [], connection = "c=IN IP4 192.0.2.1", media = "m=audio 4000 RTP/AVP 0 8 101" } = lines;
  const attributes = lines.attributes ?? ["a=rtpmap:101 telephone-event/8000"];
  return [
    "v=0",
    "o=- 1 1 IN IP4 192.0.2.1",
    "s=-",
    connection,
    "t=0 0",
    ...session,
    media,
    ...attributes,
    "",
  ].join("\r\n");
}

describe("reading audio", () => {
  test("finds address, codecs and DTMF of a plain phone", () => {
    assert.deepEqual(readAudio(sdp()), {
      address: "192.0.2.1",
      port: 4000,
      direction: "sendrecv",
      codecs: [
        { payload: 0, name: "PCMU", rate: 8000 },
        { payload: 8, name: "PCMA", rate: 8000 },
      ],
      telephoneEvent: 101,
      ptimeMs: 20,
      rtcpMux: false,
    });
  });

  test("takes the address of the stream before that of the session, IPv6 too", () => {
    const audio = readAudio(sdp({ attributes: ["c=IN IP6 2001:db8::1"] }));

    assert.equal(audio?.address, "2001:db8::1");
  });

  test("takes a direction from the session, or its own", () => {
    assert.equal(readAudio(sdp({ session: ["a=sendonly"] }))?.direction, "sendonly");
    assert.equal(
      readAudio(sdp({ session: ["a=sendonly"], attributes: ["a=recvonly"] }))?.direction,
      "recvonly",
    );
  });

  test("understands the old hold, by address 0.0.0.0", () => {
    assert.equal(readAudio(sdp({ connection: "c=IN IP4 0.0.0.0" }))?.direction, "sendonly");
  });

  test("passes over video and refused streams to the first audio that works", () => {
    const text = sdp({ media: "m=video 5000 RTP/AVP 96\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 8" });

    assert.equal(readAudio(text)?.port, 4002);
  });

  const unusable: [string, string][] = [
    ["nothing", ""],
    ["no description at all", "\u0000\u0001 hello"],
    ["a name for an address", sdp({ connection: "c=IN IP4 evil.example" })],
    ["an IPv6 address said to be IPv4", sdp({ connection: "c=IN IP4 ::1" })],
    ["no address", sdp({ connection: "b=AS:64" })],
    ["port 0", sdp({ media: "m=audio 0 RTP/AVP 0" })],
    ["port 70000", sdp({ media: "m=audio 70000 RTP/AVP 0" })],
    ["port -1", sdp({ media: "m=audio -1 RTP/AVP 0" })],
    ["encrypted media", sdp({ media: "m=audio 4000 RTP/SAVP 0" })],
    ["payload types without meaning", sdp({ media: "m=audio 4000 RTP/AVP 97 98 x 200" })],
    ["only DTMF", sdp({ media: "m=audio 4000 RTP/AVP 101" })],
    ["a prototype for a payload type", sdp({ media: "m=audio 4000 RTP/AVP __proto__ constructor" })],
  ];
  for (const [title, text] of unusable) {
    test(`finds nothing usable in ${title}`, () => assert.equal(readAudio(text), undefined));
  }
});
