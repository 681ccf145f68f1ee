import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { desk } from "../support/desk.ts";
import { below, randomFrom } from "../support/random.ts";
import { RawUdp, rawRequest } from "../support/raw-sip.ts";

const CORPUS = new URL("../corpus/torture/", import.meta.url);
const MESSAGES = ["rfc4475", "rfc5118"].flatMap((rfc) =>
  readdirSync(new URL(rfc, CORPUS)).map((file) => readFileSync(new URL(`${rfc}/${file}`, CORPUS))),
);
const SPLINTERS = [
  "\r\n",
  "\r\n\r\n",
  "\0",
  ";",
  "__proto__",
  "<",
  '"',
  "\\",
  "%00",
  ":",
  "99999",
  "=",
  ",",
  "[::1",
  "\xff",
];
const ROUNDS = 20;
const PER_ROUND = 50;

/** A torture message with a byte changed, a splinter in it, a piece out of it, or another one's end. */
function mutated(random: () => number): Buffer {
  const pick = (limit: number) => below(random, limit);
  const bytes = MESSAGES[pick(MESSAGES.length)] ?? Buffer.of();
  const other = MESSAGES[pick(MESSAGES.length)] ?? Buffer.of();
  const at = pick(bytes.length);
  const splinter = Buffer.from(SPLINTERS[pick(SPLINTERS.length)] ?? "", "latin1");
  const ends = [
    Buffer.concat([Buffer.of(pick(256)), bytes.subarray(at + 1)]),
    Buffer.concat([splinter, bytes.subarray(at)]),
    bytes.subarray(at + pick(20)),
    other.subarray(pick(other.length)),
  ];
  return Buffer.concat([bytes.subarray(0, at), ends[pick(ends.length)] ?? Buffer.of()]);
}

test("a thousand broken messages surprise nobody, and the next good one is always answered", async () => {
  const surprises: Error[] = [];
  await using films = await desk({ onError: (error) => surprises.push(error) });
  using mallory = await RawUdp.open(films.port);
  const random = randomFrom(2026);

  for (let round = 0; round < ROUNDS; round++) {
    for (let count = 0; count < PER_ROUND; count++) mallory.send(mutated(random));
    mallory.send(rawRequest({ callId: `good-${round}` }));
    assert.match(await mallory.answerTo(`good-${round}`), /^SIP\/2\.0 200 /);
  }

  assert.deepEqual(surprises, []);
});
