/** The mixing engine: all streams and rooms, moved on by ticks; commands take effect at the beginning of one. */
import { randomBytes } from "node:crypto";
import type { MixMode } from "../../mscml/request.ts";
import type { Media, PlayEnd, StreamSettings } from "../media-engine.ts";
import type { PacketIo } from "../packet-io/packet-io.ts";
import type { Samples } from "../prompt-player.ts";
import type { JitterCounters } from "./jitter-buffer.ts";
import { type MixOutput, Room } from "./room.ts";
import { Stream, type StreamCounters, type StreamStart } from "./stream.ts";

/** What may be asked of the engine. Streams have the numbers their owner gives them; rooms come and go with their members. */
export type Command =
  | { readonly name: "open"; readonly stream: number }
  | { readonly name: "agree"; readonly stream: number; readonly media: Media }
  | { readonly name: "speak"; readonly stream: number }
  | { readonly name: "move"; readonly stream: number; readonly room: string }
  | { readonly name: "close"; readonly stream: number }
  | ({ readonly name: "configure"; readonly stream: number } & StreamSettings)
  | {
      readonly name: "play";
      readonly stream: number;
      readonly ask: number;
      readonly pieces: readonly Samples[];
    }
  | { readonly name: "stop"; readonly stream: number }
  | { readonly name: "dump"; readonly ask: number };

/** What the engine says. */
export type Report =
  | { readonly name: "opened"; readonly stream: number; readonly port: number }
  | { readonly name: "refused"; readonly stream: number; readonly why: string }
  | { readonly name: "talking"; readonly stream: number; readonly on: boolean; readonly talkers: number }
  | {
      readonly name: "key";
      readonly stream: number;
      readonly key: string;
      /** After the key before it; missing for the first. */
      readonly sinceMs: number | undefined;
    }
  | { readonly name: "played"; readonly stream: number; readonly ask: number; readonly end: PlayEnd }
  | { readonly name: "dump"; readonly ask: number; readonly dump: EngineDump };

export interface EngineDump {
  readonly ticks: number;
  readonly rooms: readonly {
    readonly id: string;
    readonly streams: readonly number[];
    readonly encoded: number;
  }[];
  readonly streams: readonly ({
    readonly stream: number;
    readonly depthMs: number;
    readonly mixMode: MixMode;
    /** Keys pressed, and those that came too fast to be told. */
    readonly keys: number;
    readonly excessKeys: number;
  } & StreamCounters &
    JitterCounters)[];
}

interface Seat {
  readonly stream: Stream;
  room: Room | undefined;
}

export class Engine {
  readonly #io: PacketIo;
  readonly #report: (report: Report) => void;
  readonly #start: () => StreamStart;
  readonly #seats = new Map<number, Seat>();
  readonly #rooms: Room[] = [];
  readonly #output: MixOutput;
  #tick = 0;

  constructor(io: PacketIo, report: (report: Report) => void, start = randomStart) {
    this.#io = io;
    this.#report = report;
    this.#start = start;
    this.#output = {
      send: (stream, packet) => this.#send(stream, packet),
      talking: (room, { id, voice }) =>
        report({ name: "talking", stream: id, on: voice.talking, talkers: room.talkers }),
      played: ({ id }, ask) => report({ name: "played", stream: id, ask, end: "EOF" }),
    };
  }

  /** Between two ticks. A command for a stream that is gone does nothing. */
  apply(command: Command): void {
    if (command.name === "dump") this.#report({ name: "dump", ask: command.ask, dump: this.dump() });
    else if (command.name === "open") void this.#open(command.stream);
    else this.#change(command);
  }

  /** Whether nobody is in any room: then a tick would do nothing. */
  get idle(): boolean {
    return this.#rooms.length === 0;
  }

  tick(): void {
    this.#tick++;
    for (const room of this.#rooms) room.mix(this.#tick, this.#output);
  }

  receive(stream: number, packet: Uint8Array, address: string, port: number): void {
    const to = this.#seats.get(stream)?.stream;
    const key = to?.receive(packet, address, port);
    if (to && key !== undefined) this.#report({ name: "key", stream, key, sinceMs: to.keys.sinceMs });
  }

  dump(): EngineDump {
    return {
      ticks: this.#tick,
      rooms: this.#rooms.map(({ id, members, encoded }) => ({
        id,
        streams: members.map((member) => member.id),
        encoded,
      })),
      streams: [...this.#seats.values()].map(({ stream }) => ({
        stream: stream.id,
        depthMs: stream.jitter.depth / 8,
        mixMode: stream.mixMode,
        keys: stream.keys.presses,
        excessKeys: stream.keys.excess,
        ...stream.counters,
        ...stream.jitter.counters,
      })),
    };
  }

  async #open(id: number): Promise<void> {
    this.#seats.set(id, { stream: new Stream(id, this.#start()), room: undefined });
    try {
      const port = await this.#io.open(id);
      if (this.#seats.has(id)) this.#report({ name: "opened", stream: id, port });
      else this.#io.close(id);
    } catch (cause) {
      this.#seats.delete(id);
      this.#report({ name: "refused", stream: id, why: String(cause) });
    }
  }

  #change(command: Exclude<Command, { name: "open" | "dump" }>): void {
    const seat = this.#seats.get(command.stream);
    if (!seat) return;
    if (command.name === "agree") this.#quieter(seat, seat.stream.agree(command.media));
    else if (command.name === "speak") seat.stream.speak();
    else if (command.name === "move") this.#move(seat, command.room);
    else if (command.name === "close") this.#close(seat);
    else this.#direct(seat, command);
  }

  #direct(seat: Seat, command: Extract<Command, { name: "configure" | "play" | "stop" }>): void {
    if (command.name === "configure") this.#configure(seat, command);
    else this.#stopPlaying(seat.stream);
    if (command.name === "play") seat.stream.prompt.start(command.ask, command.pieces);
  }

  #configure(seat: Seat, { mixMode, keypresses }: StreamSettings): void {
    const { stream } = seat;
    stream.keypresses = keypresses ?? stream.keypresses;
    this.#quieter(seat, mixMode !== undefined && stream.mix(mixMode));
  }

  /** Who is taken out of the mix while he talks is no talker from then on. */
  #quieter({ stream, room }: Seat, talked: boolean): void {
    if (talked && room) this.#output.talking(room, stream);
  }

  #stopPlaying({ id, prompt }: Stream): void {
    const { ask } = prompt;
    prompt.stop();
    if (ask !== undefined) this.#report({ name: "played", stream: id, ask, end: "stopped" });
  }

  #move(seat: Seat, id: string): void {
    if (seat.room?.id === id) return;
    const room = this.#rooms.find((candidate) => candidate.id === id) ?? this.#newRoom(id);
    this.#leave(seat);
    room.add(seat.stream);
    seat.room = room;
    // Who comes in talking is news to the new room; the old one has lost him.
    if (seat.stream.voice.talking) this.#output.talking(room, seat.stream);
  }

  #newRoom(id: string): Room {
    const room = new Room(id);
    this.#rooms.push(room);
    return room;
  }

  #leave({ stream, room }: Seat): void {
    if (room && !room.remove(stream)) this.#rooms.splice(this.#rooms.indexOf(room), 1);
  }

  #close(seat: Seat): void {
    this.#leave(seat);
    this.#seats.delete(seat.stream.id);
    this.#io.close(seat.stream.id);
  }

  #send(stream: Stream, packet: Buffer): void {
    if (stream.target) this.#io.send(stream.id, packet, stream.target);
  }
}

function randomStart(): StreamStart {
  const random = randomBytes(10);
  return {
    ssrc: random.readUInt32BE(0),
    sequence: random.readUInt16BE(4),
    timestamp: random.readUInt32BE(6),
  };
}
