/** Breaks documents of the XML API in ways that know what XML is; the same seed breaks them the same way. */
import { badDocuments, validDocuments } from "../../api/documents.ts";
import { below, randomFrom } from "../random.ts";

const CORPUS = [...validDocuments, ...badDocuments];
const FRAGMENTS = [
  ..."< > & \" ' /> <!DOCTYPE\u00a0x> <?x?> &#0; &#x110000; ]]> <![CDATA[ <!-- --> xmlns='' xmlns='urn:partyline:api:1' \u0001 \u0085 \ufeff \ufffe".split(
    " ",
  ),
  ' req="1"',
  ' timeout="1"',
  ' __proto__="1"',
  ' constructor="x"',
  "&amp;".repeat(300),
  "<a>".repeat(40),
  ' a="1"'.repeat(300),
  "x".repeat(5000),
  "sip:a@b;method=BYE",
  "tel:+1",
  "\u202e\u{1f600}",
];

/** A document with a few characters exchanged, doubled, dropped or put in. */
export function mutated(document: string, random: () => number): string {
  let text = document;
  for (let times = 1 + below(random, 4); times > 0; times -= 1) {
    const [from, to] = [below(random, text.length + 1), below(random, text.length + 1)].sort(
      (a, b) => a - b,
    ) as [number, number];
    const middle = [
      () => "",
      () => text.slice(from, to).repeat(2),
      () => FRAGMENTS[below(random, FRAGMENTS.length)] ?? "",
      () => String.fromCharCode(below(random, 0x3000)),
    ][below(random, 4)];
    text = text.slice(0, from) + (middle?.() ?? "") + text.slice(below(random, 2) ? from : to);
  }
  return text;
}

/** Documents with their NUL, most of them broken, some in their bytes, some too long, some never ended. */
export class ApiMutator {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  document(): string {
    return CORPUS[below(this.random, CORPUS.length)] ?? "";
  }

  next(): Buffer {
    const text = this.random() < 0.1 ? this.document() : mutated(this.document(), this.random);
    const bytes = Buffer.from(`${text}\0`);
    const chance = this.random();
    if (chance < 0.02) return bytes.subarray(0, -1);
    if (chance < 0.03) return Buffer.concat([Buffer.alloc(70_000, 0x20), bytes]);
    if (chance < 0.1) bytes[below(this.random, bytes.length)] = below(this.random, 256);
    return bytes;
  }
}
