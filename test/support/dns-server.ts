/** A name server on a loopback port, with the zone a test gives it; it counts what it is asked. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type Answer, decode, encode, type NaptrAnswer, type StringAnswer } from "dns-packet";

const HOST = "127.0.0.1";

/** The answer code of a name that does not exist (RFC 1035 §4.1.1). */
const NXDOMAIN = 3;
const SERVFAIL = 2;
const AUTHORITATIVE = 1 << 10;

export class DnsServer implements AsyncDisposable {
  /** `TYPE name`, in the order they came. */
  readonly questions: string[] = [];
  /** Names it says nothing about, and names it cannot say anything about. */
  readonly silent = new Set<string>();
  readonly broken = new Set<string>();
  #zone: readonly Answer[];
  readonly #socket: Socket;

  static async open(zone: readonly Answer[] = []): Promise<DnsServer> {
    const socket = createSocket("udp4").bind(0, HOST);
    await once(socket, "listening");
    return new DnsServer(socket, zone);
  }

  private constructor(socket: Socket, zone: readonly Answer[]) {
    this.#socket = socket;
    this.#zone = zone;
    socket.on("message", (packet, { address, port }) => {
      const reply = this.#answer(packet);
      if (reply) socket.send(reply, port, address);
    });
  }

  /** As StackOptions.dns takes it. */
  get dns(): { readonly servers: readonly string[] } {
    return { servers: [`${HOST}:${this.#socket.address().port}`] };
  }

  /** From now on it knows this, and nothing else. */
  knows(zone: readonly Answer[]): void {
    this.#zone = zone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }

  #answer(packet: Buffer): Buffer | undefined {
    const { id = 0, questions = [] } = decode(packet);
    const [question] = questions;
    if (!question) return undefined;
    const name = question.name.toLowerCase();
    this.questions.push(`${question.type} ${name}`);
    if (this.silent.has(name)) return undefined;
    const known = this.#zone.filter((one) => one.name === name);
    const answers = known.filter(({ type }) => type === question.type);
    const code = this.broken.has(name) ? SERVFAIL : known.length === 0 ? NXDOMAIN : 0;
    return encode({ type: "response", id, flags: AUTHORITATIVE | code, questions, answers });
  }
}

export const a = (name: string, data: string, ttl = 60): StringAnswer => ({ type: "A", name, data, ttl });
export const aaaa = (name: string, data: string): StringAnswer => ({ type: "AAAA", name, data, ttl: 60 });

/** `_sip._udp.films.example` is at `target`:`port`. */
export function srv(name: string, target: string, port: number, [priority, weight] = [1, 1]): Answer {
  return { type: "SRV", name, ttl: 60, data: { target, port, priority, weight } };
}

/** `films.example` is reached by `services`, under the SRV name `replacement`. */
export function naptr(
  name: string,
  services: string,
  replacement: string,
  [order, preference] = [10, 10],
): NaptrAnswer {
  const data = { order, preference, flags: "s", services, regexp: "", replacement };
  return { type: "NAPTR", name, ttl: 60, data };
}
