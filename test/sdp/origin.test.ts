import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Origin, sameMedia } from "#sdp/origin.ts";

const text = (port: number, origin = "o=alice 77 5 IN IP4 192.0.2.1") =>
  ["v=0", origin, "s=-", "c=IN IP4 192.0.2.1", "t=0 0", `m=audio ${port} RTP/AVP 0`, ""].join("\r\n");

const read = (sdp: string) => /^o=- (\d+) (\d+) (.*)\r$/m.exec(sdp)?.slice(1);

describe("the o= line of a leg", () => {
  test("is the leg's own, wherever the description came from", () => {
    const origin = new Origin();
    const [session, version, where] = read(origin.stamp(text(4000))) ?? [];
    const next = read(origin.stamp(text(4002, "o=bob 1 900 IN IP4 192.0.2.1")));

    assert.notEqual(session, "77");
    assert.equal(where, "IN IP4 192.0.2.1");
    assert.deepEqual(next, [session, String(Number(version) + 1), where]);
  });

  test("keeps its version when only the o= line of the source changed", () => {
    const origin = new Origin();

    assert.equal(origin.stamp(text(4000)), origin.stamp(text(4000, "o=bob 1 900 IN IP4 192.0.2.1")));
  });

  test("is added where there was none", () => {
    assert.ok(read(new Origin().stamp("v=0\ns=-\nt=0 0\n")));
  });

  test("does not count when two descriptions are compared", () => {
    assert.equal(
      sameMedia(text(4000), text(4000, "o=- 1 1 IN IP4 192.0.2.1").replaceAll("\r\n", "\n")),
      true,
    );
    assert.equal(sameMedia(text(4000), text(4002)), false);
  });
});
