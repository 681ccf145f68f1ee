/** Many phones in a process of their own, for bench/mixer.ts: the first of each room talk, the others send silence. */
import dgram from "node:dgram";
import { writeRtp } from "#rtp/packet.ts";
import { FRAME_MS, FRAME_SAMPLES, toneFrame } from "../test/support/tone.ts";

/** What the parent says first: where each phone sends, and who talks. */
export interface Calls {
  readonly ports: readonly number[];
  readonly talking: readonly boolean[];
}

const HOST = "127.0.0.1";
const count = Number(process.argv[2]);

async function openPhones(): Promise<dgram.Socket[]> {
  const sockets = Array.from({ length: count }, () =>
    dgram.createSocket("udp4").on("message", () => undefined),
  );
  await Promise.all(
    sockets.map((socket) => new Promise<void>((bound) => void socket.bind(0, HOST, () => bound()))),
  );
  return sockets;
}

function talk(sockets: readonly dgram.Socket[], { ports, talking }: Calls): void {
  const start = performance.now();
  let n = 0;
  const turn = () => {
    const fields = { payloadType: 0, marker: false, sequence: n & 65_535, timestamp: n * FRAME_SAMPLES };
    const [tone, silence] = [toneFrame(450, n), toneFrame(undefined, n)];
    for (const [i, socket] of sockets.entries()) {
      socket.send(writeRtp({ ...fields, ssrc: i }, talking[i] ? tone : silence), ports[i], HOST);
    }
    n++;
    setTimeout(turn, Math.max(0, start + n * FRAME_MS - performance.now()));
  };
  turn();
}

const sockets = await openPhones();
process.send?.(sockets.map((socket) => socket.address().port));
// bench/mixer.ts sends one message, and it is this.
process.once("message", (calls) => talk(sockets, calls as Calls));
