/** How many messages a second each library reads and writes, one after the other in this process. */
import { setImmediate } from "node:timers/promises";
import { decode, encode } from "#sip/codec.ts";
import { checkHead } from "#sip/head-check.ts";
import { DEFAULT_LIMITS } from "#sip/limits.ts";
import { median } from "../table.ts";
import { reference } from "./references.ts";

const HEAD_END = "\r\n\r\n";
const BODY =
  "v=0\r\no=alice 53655765 2353687637 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n" +
  "m=audio 49170 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

/** An INVITE of a softphone through two proxies. */
const MESSAGE = [
  "INVITE sip:comedies@films.example.com SIP/2.0",
  "Via: SIP/2.0/UDP proxy.example.com:5070;branch=z9hG4bK87b1ad5e1e0ad3f0;rport",
  "Via: SIP/2.0/UDP edge.example.com;branch=z9hG4bK2d4790.1;received=192.0.2.2",
  "Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKnashds8;rport=5062;received=192.0.2.7",
  "Record-Route: <sip:4f1d@proxy.example.com:5070;lr>, <sip:edge.example.com;lr>",
  "Max-Forwards: 68",
  'From: "Alice" <sip:alice@example.com>;tag=1928301774',
  "To: <sip:comedies@films.example.com>",
  "Call-ID: a84b4c76e66710@192.0.2.7",
  "CSeq: 314159 INVITE",
  "Contact: <sip:alice@192.0.2.7:5062;transport=udp>;audio",
  "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO",
  "Supported: replaces, tdialog, norefersub",
  "User-Agent: softphone 1.2",
  "Content-Type: application/sdp",
  `Content-Length: ${BODY.length}`,
].join("\r\n");
const BYTES = Buffer.from(`${MESSAGE}${HEAD_END}${BODY}`);

interface Library {
  readonly name: string;
  /** Reads the bytes of a message, as they come from a socket. */
  parse(bytes: Buffer): unknown;
  /** Makes bytes of what parse gave; missing where a library cannot. */
  stringify?(message: unknown): Buffer;
}

export interface Rates {
  readonly name: string;
  /** Messages a second. */
  readonly parse: number;
  readonly stringify: number;
}

const ROUNDS = 7;
const ROUND_MS = 250;

/** In turn, several times over; the median of each. */
export async function codecRates(): Promise<Rates[]> {
  const all = libraries().map((library) => ({ library, parse: [] as number[], stringify: [] as number[] }));
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { library, parse, stringify } of all) {
      const message = library.parse(BYTES);
      const reading = rateOf(() => library.parse(BYTES));
      const writing = library.stringify ? rateOf(() => library.stringify?.(message)) : Number.NaN;
      if (round > 0) {
        parse.push(reading);
        stringify.push(writing);
      }
      await setImmediate();
    }
  }
  return all.map(({ library, parse, stringify }) => ({
    name: library.name,
    parse: median(parse),
    stringify: median(stringify),
  }));
}

function rateOf(work: () => unknown): number {
  const from = performance.now();
  let done = 0;
  while (performance.now() - from < ROUND_MS) {
    for (let i = 0; i < 100; i++) work();
    done += 100;
  }
  return (done * 1000) / (performance.now() - from);
}

function libraries(): Library[] {
  // The shapes of these modules are those of the versions that references/package-lock.json pins.
  const sip = reference("sip") as Codec;
  const { SipMessage } = reference("drachtio-sip") as { SipMessage: new (text: string) => object };
  const jssip = reference("jssip/lib/Parser") as { parseMessage(text: string, ua: object): object };
  return [
    ours(sip),
    {
      name: "sip",
      parse: (bytes) => sip.parse(bytes.toString("latin1")),
      stringify: (message) => Buffer.from(sip.stringify(Object(message)), "latin1"),
    },
    {
      name: "drachtio-sip",
      parse: (bytes) => new SipMessage(bytes.toString("utf8")),
      stringify: (message) => Buffer.from(String(message), "utf8"),
    },
    { name: "jssip", parse: (bytes) => jssip.parseMessage(bytes.toString("utf8"), {}) },
  ];
}

interface Codec {
  parse(text: string): unknown;
  stringify(message: object): string;
}

/** Cut, checked and decoded, as bytes from a socket are. */
function ours(codec: Codec): Library {
  const read = (bytes: Buffer) => {
    const end = bytes.indexOf(HEAD_END, 0, "latin1");
    const head = checkHead(bytes.toString("utf8", 0, end), DEFAULT_LIMITS);
    return decode(codec, head, bytes.subarray(end + HEAD_END.length));
  };
  const printed = read(BYTES);
  return { name: "ours", parse: read, stringify: () => encode(codec, printed) };
}
