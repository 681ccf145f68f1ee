import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { masked } from "#sip/masked.ts";

const message = (...lines: string[]) => `${lines.join("\r\n")}\r\n`;

describe("A message that is shown", () => {
  test("proves no password", () => {
    const shown = masked(
      message(
        "REGISTER sip:example.test SIP/2.0",
        'Authorization: Digest username="alice", realm="home", nonce="n1", response="0123456789abcdef", cnonce="zz"',
        "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0",
        'Authentication-Info: nextnonce="n2", rspauth="beef"',
      ),
    );

    assert.equal(
      shown,
      message(
        "REGISTER sip:example.test SIP/2.0",
        'Authorization: Digest username="alice", realm="home", nonce="n1", response="****************", cnonce="**"',
        "Proxy-Authorization: Basic ****************",
        'Authentication-Info: nextnonce="**", rspauth="****"',
      ),
    );
  });

  test("has no password in a URI, and every port is still there", () => {
    assert.equal(
      masked(
        "INVITE sip:alice:secret@host:5070;x SIP/2.0\r\nContact: <sip:10.0.0.1:5060>, <sips:bob:pw@h>\r\n",
      ),
      "INVITE sip:alice:******@host:5070;x SIP/2.0\r\nContact: <sip:10.0.0.1:5060>, <sips:bob:**@h>\r\n",
    );
  });

  test("opens no conference's door", () => {
    assert.equal(
      masked(
        "INVITE sip:films@host;pin=4711;x SIP/2.0\r\nTo: <sip:films@host;token=open-sesame?a=b>;tag=1\r\n",
      ),
      "INVITE sip:films@host;pin=****;x SIP/2.0\r\nTo: <sip:films@host;token=***********?a=b>;tag=1\r\n",
    );
  });

  test("has no key of its media, and is as long as it was", () => {
    const sdp = message(
      "v=0",
      "k=base64:c2VjcmV0",
      "m=audio 4000 RTP/SAVP 0",
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20",
      "a=ice-pwd:asd88fgpdd777uzjYhagZg",
      "a=ice-ufrag:8hhY",
    );
    const shown = masked(sdp);

    assert.doesNotMatch(shown, /c2Vj|asd88/);
    assert.match(shown, /a=crypto:1 AES_CM_128_HMAC_SHA1_80 \*+\r\n/);
    assert.match(shown, /a=ice-ufrag:8hhY/);
    assert.equal(shown.length, sdp.length);
  });

  test("is masked in time that grows with its length, whatever it says", () => {
    for (const piece of ["sip:a:", "a=crypto:1 ", "Authorization: ", "k=", "response="]) {
      const startedAt = performance.now();
      masked(piece.repeat(65_536 / piece.length));
      assert.ok(performance.now() - startedAt < 500, piece);
    }
  });
});
