import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { desk } from "../support/desk.ts";
import { RawTcp, RawUdp, rawRequest } from "../support/raw-sip.ts";

/** The messages of RFC 4475 and RFC 5118, byte for byte. */
const CORPUS = new URL("../corpus/torture/", import.meta.url);
const MESSAGES = ["rfc4475", "rfc5118"].flatMap((rfc) =>
  readdirSync(new URL(rfc, CORPUS)).map((file) => ({
    name: `${rfc}/${file.replace(".dat", "")}`,
    bytes: readFileSync(new URL(`${rfc}/${file}`, CORPUS)),
  })),
);

test("all 61 messages are there", () => {
  assert.equal(MESSAGES.length, 61);
});

describe("a stack answers the next OPTIONS after", () => {
  for (const { name, bytes } of MESSAGES) {
    test(name, async () => {
      await using films = await desk();
      using alice = await RawUdp.open(films.port);
      using bob = await RawTcp.open(films.port);
      using carol = await RawTcp.open(films.port);

      alice.send(bytes);
      bob.write(bytes);
      alice.send(rawRequest({ callId: "next" }));
      carol.write(rawRequest({ callId: "next" }));

      assert.match(await alice.answerTo("next"), /^SIP\/2\.0 200 /);
      assert.match(await carol.next(), /^SIP\/2\.0 200 /);
    });
  }
});

/** What a stack must refuse by itself, with the words it does so; over TCP, where the answer comes back for certain. */
const REFUSED: Readonly<Record<string, string>> = {
  "rfc4475/badaspec": "400 Bad to",
  "rfc4475/badvers": "505 Version Not Supported",
  "rfc4475/ltgtruri": "400 Bad Request Line",
  "rfc4475/lwsruri": "400 Bad Request Line",
  "rfc4475/lwsstart": "400 Bad Request Line",
  "rfc4475/mcl01": "400 Bad content-length",
  "rfc4475/mismatch01": "400 Bad CSeq",
  "rfc4475/mismatch02": "400 Bad CSeq",
  "rfc4475/multi01": "400 Duplicate cseq",
  "rfc4475/ncl": "400 Bad content-length",
  "rfc4475/quotbal": "400 Bad to",
  "rfc4475/regbadct": "400 Bad contact",
  "rfc4475/scalar02": "400 Bad CSeq",
  "rfc4475/trws": "400 Bad Request Line",
  "rfc5118/ipv6-bad": "400 Bad Request-URI",
  "rfc5118/ipv6-bug-abnf-3-colons": "400 Bad Request-URI",
};

/** Odd, but right: these must reach the owner. */
const ACCEPTED = [
  "rfc4475/wsinv",
  "rfc4475/intmeth",
  "rfc4475/esc01",
  "rfc4475/esc02",
  "rfc4475/escnull",
  "rfc4475/lwsdisp",
  "rfc4475/longreq",
  "rfc4475/dblreq",
  "rfc4475/semiuri",
  "rfc4475/transports",
  "rfc4475/mpart01",
  "rfc4475/unkscm",
  "rfc4475/novelsc",
  "rfc4475/unksm2",
  "rfc4475/cparam01",
  "rfc4475/cparam02",
  "rfc4475/regescrt",
  "rfc4475/sdp01",
  "rfc4475/zeromf",
  "rfc5118/ipv6-good",
  "rfc5118/ipv6-correct-abnf-2-colons",
  "rfc5118/ipv6-in-sdp",
  "rfc5118/ipv4-mapped-ipv6",
  "rfc5118/mult-ip-in-header",
  "rfc5118/mult-ip-in-sdp",
  "rfc5118/port-ambiguous",
  "rfc5118/port-unambiguous",
  "rfc5118/via-received-param-no-delim",
  "rfc5118/via-received-param-with-delim",
];

describe("over TCP a stack answers", { timeout: 30_000 }, () => {
  const expected = { ...REFUSED, ...Object.fromEntries(ACCEPTED.map((name) => [name, "200 OK"])) };
  for (const [name, status] of Object.entries(expected)) {
    test(`${status} to ${name}`, async () => {
      const message = MESSAGES.find((one) => one.name === name);
      await using films = await desk();
      using alice = await RawTcp.open(films.port);

      alice.write(message?.bytes ?? "");

      assert.equal((await alice.next()).split("\r\n")[0], `SIP/2.0 ${status}`);
    });
  }
});
