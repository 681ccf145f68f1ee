/** The thread that mixes: sockets, engine and clock, apart from SIP, so that neither makes the other late. */
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { DgramIo } from "../packet-io/dgram.ts";
import type { PortRange } from "../packet-io/packet-io.ts";
import { Clock, type ClockCounters } from "./clock.ts";
import { type Command, Engine, type Report } from "./engine.ts";

/** What the mixer's main thread hands to this one. */
export interface WorkerData {
  readonly port: MessagePort;
  readonly host: string;
  readonly rtp: PortRange;
}

/** Reports as they leave the thread: a dump has the clock's counters too. */
export type WorkerReport = Report & { readonly clock?: ClockCounters };

/** Commands are applied as they come, so that whoever calls is answered at once, and what came by then when a tick begins. Nothing ticks for nobody. */
function runTicks({ port, host, rtp }: WorkerData): void {
  const io = new DgramIo(host, rtp, (...packet) => engine.receive(...packet));
  const report = (said: Report) =>
    port.postMessage(said.name === "dump" ? { ...said, clock: clock.counters } : said);
  const engine = new Engine(io, report);
  // The port's other end is held by mixer.ts alone, which posts nothing but lists of commands.
  const apply = (message: unknown) => {
    for (const command of message as readonly Command[]) engine.apply(command);
    if (!engine.idle) clock.start();
  };
  const clock = new Clock(() => {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) apply(next.message);
    engine.tick();
    if (engine.idle) clock.stop();
  });
  port.on("message", apply);
}

// mixer.ts starts this file with WorkerData and nothing else does.
runTicks(workerData as WorkerData);
