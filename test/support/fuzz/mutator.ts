/** Breaks SIP messages in ways that know what a SIP message is; the same seed breaks them the same way. */
import { below, randomFrom } from "../random.ts";

/** Bytes that have hurt parsers before. */
const SPLINTERS: readonly string[] = [
  ...'\r\n,\r\n\r\n,\n,\r,\0,;,<,>,",\\,%00,:,=,@,[::1,[,],?,&,\t,  '.split(","),
  ",",
  "__proto__",
  ";__proto__=1",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "99999",
  "4294967296",
  "2147483648",
  "-1",
  "1e999",
  "NaN",
  "0x10",
  "9".repeat(400),
  "A".repeat(5000),
  " ".repeat(80),
  ";a".repeat(300),
  "<sip:".repeat(50),
  '"\\'.repeat(60),
  "\xff\xfe",
  "\xc3\x28",
  "\u00e9\u{1f600}\u202e",
  "\u0000\u0001\u007f",
  "sip:",
  "sips:a@b",
  "tel:+1;phone-context=x",
  "SIP/2.0",
  "z9hG4bK",
  ";tag=",
  ";lr",
  ";rport",
  ";received=[::1]",
  ";maddr=255.255.255.255",
  ";ttl=999",
];

const HEADERS: readonly string[] = [
  "Content-Length: 0",
  "Content-Length: 99999",
  "Content-Length: -5",
  "l: 3",
  "Max-Forwards: 0",
  "Max-Forwards: 99999999999",
  "Require: 100rel, __proto__",
  "Proxy-Require: x",
  "Route: <sip:127.0.0.1:1;lr>, <sip:[::1]:0>",
  "Record-Route: <sip:a@b;lr>",
  "Contact: *",
  "Contact: <sip:a@h:99999>",
  "Contact: <tel:1>",
  "m: <sips:[::ffff:1.2.3.4]:5061;transport=ws>",
  "Expires: 0",
  "Expires: 4294967295",
  "Replaces: a;to-tag=b;from-tag=c;early-only",
  "Session-Expires: 1;refresher=nobody",
  "RAck: 0 0 __proto__",
  "RSeq: 99999999999",
  "Subscription-State: terminated;reason=probation;retry-after=99999999999",
  "Event: conference;id=__proto__",
  "Target-Dialog: a;local-tag=b",
  "Refer-To: <sip:a@b?Replaces=%00>",
  "Content-Type: multipart/mixed;boundary=x",
  "Content-Type: application/sdp",
  "Content-Encoding: gzip",
  'Authorization: Digest nonce="',
  "WWW-Authenticate: Basic",
  "Via: SIP/2.0/TCP [::1]:0;branch=",
  "v: SIP / 2.0 / UDP h ; branch = z9hG4bK",
  "__proto__: 1",
  ": nameless",
  " folded into nothing",
];

type Random = () => number;
type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const pick = <Value>(random: Random, values: readonly Value[]): Value | undefined =>
  values[below(random, values.length)];

const latin = (text: string) => Buffer.from(text, random8(text) ? "utf8" : "latin1");
const random8 = (text: string) => /[\u0100-\uffff]/.test(text);

function linesOf(bytes: Buffer): string[] {
  return bytes.toString("latin1").split("\r\n");
}

function joined(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join("\r\n"), "latin1");
}

function cutAt(bytes: Buffer, random: Random): [Buffer, Buffer] {
  const at = below(random, bytes.length + 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

/** The number of a header line, never the start line. */
function lineAt(lines: readonly string[], random: Random): number {
  return 1 + below(random, Math.max(lines.length - 1, 1));
}

const CHANGES: readonly Change[] = [
  function flipsAByte(bytes, random) {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[below(random, copy.length)] = below(random, 256);
    return copy;
  },
  function putsASplinterIn(bytes, random) {
    const [before, after] = cutAt(bytes, random);
    return Buffer.concat([before, latin(pick(random, SPLINTERS) ?? ""), after]);
  },
  function takesAPieceOut(bytes, random) {
    const [before, after] = cutAt(bytes, random);
    return Buffer.concat([before, after.subarray(below(random, 40))]);
  },
  function dropsAHeader(bytes, random) {
    const lines = linesOf(bytes);
    return joined(lines.toSpliced(lineAt(lines, random), 1));
  },
  function doublesAHeader(bytes, random) {
    const lines = linesOf(bytes);
    const at = lineAt(lines, random);
    return joined(lines.toSpliced(at, 0, lines[at] ?? ""));
  },
  function swapsTwoHeaders(bytes, random) {
    const lines = linesOf(bytes);
    const [one, two] = [lineAt(lines, random), lineAt(lines, random)];
    return joined(
      lines.with(one % lines.length, lines[two] ?? "").with(two % lines.length, lines[one] ?? ""),
    );
  },
  function addsAHeader(bytes, random) {
    const lines = linesOf(bytes);
    return joined(lines.toSpliced(lineAt(lines, random), 0, pick(random, HEADERS) ?? ""));
  },
  function putsASplinterAtAHeadersEnd(bytes, random) {
    const lines = linesOf(bytes);
    const at = lineAt(lines, random);
    const line = `${lines[at] ?? ""}${latin(pick(random, SPLINTERS) ?? "").toString("latin1")}`;
    return joined(lines.with(at % lines.length, line));
  },
  function liesAboutTheLength(bytes, random) {
    const text = bytes.toString("latin1");
    const length = pick(random, [
      "0",
      "1",
      "99999",
      "-1",
      "abc",
      "1e3",
      "00000000000000000012",
      "4294967295",
      "+5",
      "",
    ]);
    return Buffer.from(text.replace(/^(content-length|l)\s*:.*$/im, `$1: ${length}`), "latin1");
  },
  function changesTheLineEnds(bytes, random) {
    const end = pick(random, ["\n", "\r", "\r\r\n", "\n\r", "\r\n "]) ?? "\n";
    return Buffer.from(bytes.toString("latin1").replaceAll("\r\n", end), "latin1");
  },
  function foldsALine(bytes, random) {
    return Buffer.from(
      bytes.toString("latin1").replaceAll(pick(random, [" ", ":", ";", "="]) ?? " ", "$&\r\n "),
      "latin1",
    );
  },
  function changesANumber(bytes, random) {
    const number =
      pick(random, ["0", "-1", "4294967296", "2147483648", "9".repeat(40), "1.5", "NaN", "007"]) ?? "0";
    const text = bytes.toString("latin1");
    const numbers = [...text.matchAll(/\d+/g)];
    const at = pick(random, numbers);
    if (!at) return bytes;
    return Buffer.from(text.slice(0, at.index) + number + text.slice(at.index + at[0].length), "latin1");
  },
  function changesTheMethod(bytes, random) {
    const method =
      pick(random, ["INVITE", "ACK", "CANCEL", "BYE", "PRACK", "__proto__", "invite", "RE%47ISTER"]) ?? "";
    return Buffer.from(bytes.toString("latin1").replace(/^\w+/, method), "latin1");
  },
  function mixesUpper(bytes, random) {
    const lines = linesOf(bytes);
    const at = lineAt(lines, random);
    const line = lines[at] ?? "";
    return joined(lines.with(at % lines.length, random() < 0.5 ? line.toUpperCase() : line.toLowerCase()));
  },
  function takesAnothersEnd(bytes, random, other) {
    return Buffer.concat([cutAt(bytes, random)[0], cutAt(other, random)[1]]);
  },
  function gluesAnotherOn(bytes, _random, other) {
    return Buffer.concat([bytes, other]);
  },
  function cutsTheEndOff(bytes, random) {
    return cutAt(bytes, random)[0];
  },
];

/** An endless row of broken messages. */
export class Mutator {
  readonly random: Random;
  readonly #seeds: readonly Buffer[];

  constructor(seed: number, seeds: readonly Buffer[]) {
    this.random = randomFrom(seed);
    this.#seeds = seeds;
  }

  /** One of the seeds, broken one to four times; its ids are its own half of the time, so that transactions begin. */
  next(): Buffer {
    const chosen = pick(this.random, this.#seeds) ?? Buffer.alloc(0);
    return this.broken(this.random() < 0.5 ? renamed(chosen, this.random) : chosen);
  }

  /** These very bytes, broken. */
  broken(bytes: Buffer): Buffer {
    let changed = bytes;
    for (let times = 1 + below(this.random, 4); times > 0; times--) {
      const other = pick(this.random, this.#seeds) ?? bytes;
      changed = pick(this.random, CHANGES)?.(changed, this.random, other) ?? changed;
    }
    // A datagram holds no more.
    return changed.subarray(0, 60_000);
  }
}

/** Another branch, Call-ID and tag. */
function renamed(bytes: Buffer, random: Random): Buffer {
  const id = Math.floor(random() * 2 ** 48).toString(36);
  const text = bytes.toString("latin1");
  return Buffer.from(
    text
      .replace(/branch=z9hG4bK[\w.]+/, `branch=z9hG4bK${id}`)
      .replace(/^(Call-ID|i)\s*:\s*\S+/im, `$1: ${id}`),
    "latin1",
  );
}
