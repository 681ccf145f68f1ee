/** Janus's AudioBridge as our rooms and seats: a room lasts while somebody sits in it, a seat is one plain RTP participant. */
import { randomInt } from "node:crypto";
import {
  type Handle,
  type JanusData,
  JanusError,
  JanusSession,
  numberIn,
  objectIn,
} from "./janus-session.ts";

/** A literal IP address and UDP port. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

export interface AudioBridgeOptions {
  /** `ws://127.0.0.1:8188` */
  readonly url: string;
  readonly secret?: string | undefined;
  /** Janus is gone and all seats with it; the connection is of no use any more. */
  readonly onLost: (why: string) => void;
}

/** One participant in Janus. */
export interface Seat {
  /** Where Janus takes its RTP; PCMU in packets of 20 ms. */
  readonly media: Address;
  /** To another room: Janus's stream goes on under another SSRC. Throws JanusError, and stays where it was. */
  move(conference: string): Promise<void>;
  /** Not mixed, but hears. Throws JanusError. */
  mute(muted: boolean): Promise<void>;
  /** Never throws. */
  leave(): Promise<void>;
}

interface Room {
  readonly number: number;
  readonly made: Promise<unknown>;
  seats: number;
}

/** A handle, and its number as a participant in every room. */
interface Occupant {
  readonly handle: Handle;
  readonly self: number;
}

/** Tells our rooms from those of Janus's other users. */
const DESCRIPTION = "partyline conference";
/** Frames Janus keeps before it mixes somebody: 40 ms, as our phones' packets come by way of this machine. */
const PREBUFFER = 2;
const LARGEST_NUMBER = 2 ** 48 - 1;

export class AudioBridge {
  readonly #session: JanusSession;
  readonly #rooms = new Map<string, Room>();
  readonly #manager: Handle;

  private constructor(session: JanusSession, manager: Handle) {
    this.#session = session;
    this.#manager = manager;
  }

  /** Connects, and removes the rooms that an earlier run left empty. Throws JanusError. */
  static async open(options: AudioBridgeOptions): Promise<AudioBridge> {
    const session = await JanusSession.open(options);
    try {
      const manager = await session.attach({ onEvent: () => undefined, onGone: () => undefined });
      const bridge = new AudioBridge(session, manager);
      await bridge.#sweep();
      return bridge;
    } catch (cause) {
      await session.close();
      throw cause;
    }
  }

  /** Makes a room that stays when nobody sits in it. Throws JanusError. */
  async hold(conference: string): Promise<void> {
    await this.#enter(conference);
  }

  /** Puts a participant whose RTP goes to `listener` into a room. Throws JanusError, with nothing left behind. */
  async seat(conference: string, listener: Address, onGone: () => void): Promise<Seat> {
    const number = await this.#enter(conference);
    let handle: Handle | undefined;
    try {
      const onEvent = (data: JanusData) => {
        if (isExpulsion(data, self)) onGone();
      };
      const self = randomInt(1, LARGEST_NUMBER);
      handle = await this.#session.attach({ onEvent, onGone });
      const rtp = { ip: listener.address, port: listener.port };
      const join = { request: "join", room: number, id: self, codec: "pcmu", prebuffer: PREBUFFER, rtp };
      return this.#seated({ handle, self }, conference, mediaIn(await handle.ask(join)));
    } catch (cause) {
      await handle?.detach();
      this.#leave(conference);
      throw cause;
    }
  }

  /** For a person who looks for a fault. */
  dump(): { conference: string; room: number; seats: number }[] {
    return [...this.#rooms].map(([conference, { number, seats }]) => ({ conference, room: number, seats }));
  }

  async close(): Promise<void> {
    const rooms = [...this.#rooms.values()];
    this.#rooms.clear();
    await Promise.all(rooms.map(({ number }) => this.#destroy(number)));
    await this.#session.close();
  }

  #seated({ handle, self: id }: Occupant, first: string, media: Address): Seat {
    let conference = first;
    let silent = false;
    const alone = oneByOne();
    return {
      media,
      move: (target) =>
        alone(async () => {
          if (target === conference) return;
          await this.#change({ handle, self: id }, target, silent);
          this.#leave(conference);
          conference = target;
        }),
      mute: (muted) =>
        alone(async () => {
          if (muted !== silent) await handle.ask({ request: "configure", muted });
          silent = muted;
        }),
      leave: () =>
        alone(async () => {
          await handle.detach();
          this.#leave(conference);
        }),
    };
  }

  /** Janus forgets at a change of room who is muted, and is told with it. */
  async #change({ handle, self: id }: Occupant, conference: string, muted: boolean): Promise<void> {
    const room = await this.#enter(conference);
    try {
      await handle.ask({ request: "changeroom", room, id, muted });
    } catch (cause) {
      this.#leave(conference);
      throw cause;
    }
  }

  /** The number of a conference's room, made by the first who enters. */
  async #enter(conference: string): Promise<number> {
    const room = this.#rooms.get(conference) ?? this.#make(conference);
    room.seats++;
    try {
      await room.made;
      return room.number;
    } catch (cause) {
      this.#leave(conference);
      throw cause;
    }
  }

  #make(conference: string): Room {
    const number = randomInt(1, LARGEST_NUMBER);
    const made = this.#manager.ask({
      request: "create",
      room: number,
      description: DESCRIPTION,
      is_private: false,
      sampling_rate: 8000,
      allow_rtp_participants: true,
      audiolevel_ext: false,
      audiolevel_event: false,
      record: false,
      permanent: false,
    });
    const room = { number, made, seats: 0 };
    this.#rooms.set(conference, room);
    return room;
  }

  /** The next conference of that name gets a room with another number, so none waits for the end of this one. */
  #leave(conference: string): void {
    const room = this.#rooms.get(conference);
    if (!room || --room.seats > 0) return;
    this.#rooms.delete(conference);
    void this.#destroy(room.number);
  }

  async #destroy(room: number): Promise<void> {
    await this.#manager.ask({ request: "destroy", room, permanent: false }).catch(() => undefined);
  }

  /** A room costs Janus a thread that mixes, whether anybody is in it or not. */
  async #sweep(): Promise<void> {
    const { list } = await this.#manager.ask({ request: "list" });
    const empty = (Array.isArray(list) ? list : []).map(objectIn).filter((room) => {
      return room?.["description"] === DESCRIPTION && room["num_participants"] === 0;
    });
    await Promise.all(empty.map((room) => this.#destroy(numberIn(room?.["room"]) ?? 0)));
  }
}

/** Told to the one who is thrown out, or whose room is. */
function isExpulsion(data: JanusData, self: number): boolean {
  return data["audiobridge"] === "destroyed" || data["kicked"] === self;
}

/** Runs tasks in the order they were given, each when the one before has ended, well or not. */
function oneByOne(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => undefined);
    return run;
  };
}

function mediaIn({ rtp }: JanusData): Address {
  const { ip, port } = objectIn(rtp) ?? {};
  if (typeof ip !== "string" || typeof port !== "number")
    throw new JanusError("Janus gave no RTP port; are all of its rtp_port_range taken?");
  return { address: ip, port };
}
