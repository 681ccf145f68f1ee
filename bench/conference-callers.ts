/** Many callers in a process of their own, for the benches of the conference server: a raw socket, so that little but the server is measured. */
import { type ChildProcess, fork } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** So many new callers call, or as many of those who are in hang up. */
export interface Turn {
  readonly does: "call" | "hang up";
  readonly count: number;
  /** The server, as `host:port`. */
  readonly server: string;
  /** Callers come into these in turn. */
  readonly rooms: readonly string[];
  /** Begun at this pace; when missing, the next one begins when one of `atOnce` is done. */
  readonly perSecond?: number;
  readonly atOnce?: number;
}

export interface Turned {
  /** From INVITE to 200 (and ACK), or from BYE to 200, of each. */
  readonly answeredMs: readonly number[];
  readonly tookMs: number;
}

const HOST = "127.0.0.1";
const GIVE_UP_MS = 20_000;
const RECEIVE_BUFFER = 4 << 20;

/** The other process, as who measures sees it. */
export class Callers {
  readonly #process: ChildProcess = fork(import.meta.filename);

  /** Rejects when somebody was not answered with 200. */
  async turn(turn: Turn): Promise<Turned> {
    this.#process.send(turn);
    // The process answers each turn with one message: how it went, or why it did not.
    const [turned] = (await once(this.#process, "message")) as [Turned | string];
    if (typeof turned === "string") throw new Error(turned);
    return turned;
  }

  close(): void {
    this.#process.kill();
  }
}

interface Call {
  readonly id: string;
  readonly room: string;
  /** Of the server's side, once it has answered. */
  readonly to: string;
  readonly contact: string;
}

class Crowd {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (answer: string) => void>();
  readonly #calls: Call[] = [];
  #count = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (data, { port }) => this.#take(data.toString("latin1"), port));
  }

  async turn(turn: Turn): Promise<Turned> {
    const startedAt = performance.now();
    const answeredMs: number[] = [];
    const one = async () => {
      const at = performance.now();
      await (turn.does === "call" ? this.#calls.push(await this.#call(turn)) : this.#hangUp(turn));
      answeredMs.push(performance.now() - at);
    };
    await (turn.perSecond === undefined ? inTurns(one, turn) : atPace(one, turn.count, turn.perSecond));
    return { answeredMs, tookMs: performance.now() - startedAt };
  }

  async #call({ server, rooms }: Turn): Promise<Call> {
    const n = this.#count;
    this.#count += 1;
    const room = `sip:${rooms[n % rooms.length]}@${server}`;
    const id = `${n}.${process.pid}.${HOST}`;
    const call: Call = { id, room, to: `<${room}>`, contact: room };
    const answer = await this.#ask(
      server,
      this.#request("INVITE", call, [`Contact: <sip:c@${HOST}:${this.#port}>`]),
    );
    const [, to = ""] = /^to: *(.*)$/im.exec(answer) ?? [];
    const [, contact = ""] = /^contact: *.*<([^>]*)>/im.exec(answer) ?? [];
    const standing = { ...call, to, contact };
    this.#send(server, this.#request("ACK", standing));
    return standing;
  }

  async #hangUp({ server }: Turn): Promise<void> {
    const call = this.#calls.shift();
    if (!call) throw new Error("nobody is left to hang up");
    await this.#ask(server, this.#request("BYE", call));
  }

  /** The 200 to it; rejects with another final status, or without any. */
  async #ask(server: string, request: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const key = keyOf(request);
    const timer = setTimeout(() => reject(new Error(`no answer to ${request.split("\r\n", 1)}`)), GIVE_UP_MS);
    this.#waiting.set(key, resolve);
    this.#send(server, request);
    const answer = await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(key);
    });
    if (!answer.startsWith("SIP/2.0 200")) throw new Error(answer.split("\r\n", 1)[0]);
    return answer;
  }

  #take(text: string, port: number): void {
    if (text.startsWith("SIP/2.0 1") || text.startsWith("ACK ")) return;
    if (text.startsWith("SIP/2.0 ")) this.#waiting.get(keyOf(text))?.(text);
    else this.#socket.send(accepted(text), port, HOST);
  }

  #request(method: string, { id, to, contact }: Call, more: readonly string[] = []): string {
    const cseq = method === "BYE" ? 2 : 1;
    const body = method === "INVITE" ? SDP : "";
    const [caller = ""] = id.split(".");
    return [
      `${method} ${contact} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${this.#port};branch=z9hG4bK${id}${method};rport`,
      "Max-Forwards: 70",
      `From: "Caller ${caller}" <sip:c${caller}@example.com>;tag=${caller}`,
      `To: ${to}`,
      `Call-ID: ${id}`,
      `CSeq: ${cseq} ${method}`,
      ...more,
      ...(body && ["Content-Type: application/sdp"]),
      `Content-Length: ${body.length}`,
      "",
      body,
    ].join("\r\n");
  }

  #send(server: string, text: string): void {
    this.#socket.send(text, Number(server.split(":")[1]), HOST);
  }

  get #port(): number {
    return this.#socket.address().port;
  }
}

/** Nobody sends audio or is sent any, so that what is measured are calls. */
const SDP = [
  "v=0",
  `o=- 1 1 IN IP4 ${HOST}`,
  "s=-",
  `c=IN IP4 ${HOST}`,
  "t=0 0",
  "m=audio 4000 RTP/AVP 0 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:101 telephone-event/8000",
  "a=inactive",
  "",
].join("\r\n");

function keyOf(text: string): string {
  return `${/^call-id: *(.*)$/im.exec(text)?.[1]} ${/^cseq: *(.*)$/im.exec(text)?.[1]}`;
}

function accepted(request: string): string {
  const kept = request
    .split("\r\n")
    .filter((line) => /^(via|from|to|call-id|cseq|record-route):/i.test(line));
  return ["SIP/2.0 200 OK", ...kept, "Content-Length: 0", "", ""].join("\r\n");
}

async function inTurns(one: () => Promise<void>, { count, atOnce = 1 }: Turn): Promise<void> {
  let left = count;
  const worker = async () => {
    for (; left > 0; ) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function atPace(one: () => Promise<void>, count: number, perSecond: number): Promise<void> {
  const startedAt = performance.now();
  const all: Promise<void>[] = [];
  for (let n = 0; n < count; n++) {
    const dueMs = startedAt + (1000 * n) / perSecond - performance.now();
    if (dueMs > 0) await sleep(dueMs);
    all.push(one());
  }
  await Promise.all(all);
}

if (process.send) {
  const tell = process.send.bind(process);
  const socket = createSocket({ type: "udp4", recvBufferSize: RECEIVE_BUFFER });
  socket.bind(0, HOST);
  const crowd = once(socket, "listening").then(() => new Crowd(socket));
  process.once("disconnect", () => process.exit());
  process.on("message", (turn: Turn) => {
    void crowd.then((all) => all.turn(turn)).then(tell, (cause: Error) => tell(cause.message));
  });
}
