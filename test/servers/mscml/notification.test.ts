import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keypress, readNotification, response, talkerReport } from "../../../servers/mscml/notification.ts";
import { stopPlaying } from "../../../servers/mscml/request.ts";

describe("What a mixer tells about a leg", () => {
  test("is who talks", () => {
    const report = { conference: "films", talkers: 2, callIds: ["alice-leg"] };
    assert.deepEqual(readNotification(talkerReport(report)), { kind: "talkers", ...report });
    assert.deepEqual(readNotification(talkerReport({ ...report, talkers: 0, callIds: [] })), {
      kind: "talkers",
      conference: "films",
      talkers: 0,
      callIds: [],
    });
  });

  test("is a key, with what came before it told apart", () => {
    assert.match(
      keypress("*", 240),
      /<keypress digit="\*" length="standard" method="rfc2833" interdigittime="240"\/>/,
    );
    for (const digit of "0123456789*#ABCD")
      assert.deepEqual(readNotification(keypress(digit)), { kind: "keypress", digit });
  });

  test("is the answer to a request", () => {
    const done = { request: "play", id: "7", code: 200, text: "OK", reason: "EOF" };
    assert.deepEqual(readNotification(response(done)), { kind: "response", ...done });
    assert.equal(
      response({ request: "configure_leg", code: 200, text: "OK" }),
      '<MediaServerControl version="1.0"><response request="configure_leg" code="200" text="OK"/></MediaServerControl>',
    );
  });

  test("may be about something else", () => {
    const other =
      '<MediaServerControl version="1.0"><notification><signal type="busy"/></notification></MediaServerControl>';
    assert.equal(readNotification(other), undefined);
    assert.equal(readNotification(stopPlaying()), undefined);
    assert.equal(readNotification(other.replace('<signal type="busy"/>', "<conference/>")), undefined);
  });

  test("is refused when it is not MSCML, or makes no sense", () => {
    const wrong = ["talking!", keypress("14"), keypress(""), "<MediaServerControl/>"];
    for (const text of wrong) assert.throws(() => readNotification(text), { name: "MscmlError", code: 400 });
    const noCode = '<MediaServerControl version="1.0"><response request="play"/></MediaServerControl>';
    assert.throws(() => readNotification(noCode), { name: "MscmlError" });
  });
});
