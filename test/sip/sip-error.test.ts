import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { pino } from "pino";
import { SipError } from "#sip/sip-error.ts";

test("A failure that is logged does not tell the keys and credentials of the response behind it", () => {
  const content = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n";
  const cseq = { seq: 1, method: "INVITE" };
  const nobody = { uri: "sip:h", params: {} };
  const headers = {
    via: [],
    from: nobody,
    to: nobody,
    "call-id": "1",
    cseq,
    "www-authenticate": "Digest nonce",
  };
  const error = new SipError(488, "Not Acceptable Here", {
    response: { status: 488, reason: "", headers, content },
  });
  let written = "";
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });

  pino({ level: "info" }, out).warn({ err: error }, "refused");

  assert.equal(error.response?.content, content);
  assert.match(written, /488 Not Acceptable Here/);
  assert.doesNotMatch(written, /c2VjcmV0|Digest/);
});
