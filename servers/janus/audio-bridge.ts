/** Janus's AudioBridge as our rooms and seats: a room lasts while somebody sits in it, a seat is one plain RTP participant. */
import { randomBytes, randomInt } from "node:crypto";
import type { Address } from "../media-server/address-lock.ts";
import { type Handle, type JanusData, JanusError, JanusSession, objectIn } from "./janus-session.ts";

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

/** The room everybody is seated in first; no conference has this name. */
export const LOBBY = "";
/** Tells our rooms from those of Janus's other users, and those of one adapter from another's. */
const OURS = /^partyline ([0-9a-f]+)( lobby)?$/;
/** Frames Janus keeps before it mixes somebody: 40 ms, as our phones' packets come by way of this machine. */
const PREBUFFER = 2;
const LARGEST_NUMBER = 2 ** 48 - 1;

export class AudioBridge {
  readonly #session: JanusSession;
  readonly #rooms = new Map<string, Room>();
  readonly #manager: Handle;
  readonly #name = `partyline ${randomBytes(8).toString("hex")}`;

  private constructor(session: JanusSession, manager: Handle) {
    this.#session = session;
    this.#manager = manager;
  }

  /** Connects, and removes the rooms of adapters that are gone. Throws JanusError. */
  static async open(options: AudioBridgeOptions): Promise<AudioBridge> {
    const session = await JanusSession.open(options);
    try {
      const manager = await session.attach({ onEvent: () => undefined, onGone: () => undefined });
      const bridge = new AudioBridge(session, manager);
      await bridge.#sweep();
      await bridge.#open();
      return bridge;
    } catch (cause) {
      await session.close();
      throw cause;
    }
  }

  /** Seats a participant whose RTP goes to `listener` in the lobby. Throws JanusError, with nothing left behind. */
  async seat(listener: Address, onGone: () => void): Promise<Seat> {
    const number = await this.#enter(LOBBY);
    let handle: Handle | undefined;
    try {
      const onEvent = (data: JanusData) => {
        if (isExpulsion(data, self)) onGone();
      };
      const self = randomInt(1, LARGEST_NUMBER);
      handle = await this.#session.attach({ onEvent, onGone });
      const rtp = { ip: listener.address, port: listener.port };
      const join = { request: "join", room: number, id: self, codec: "pcmu", prebuffer: PREBUFFER, rtp };
      return this.#seated({ handle, self }, mediaIn(await handle.ask(join)));
    } catch (cause) {
      await handle?.detach();
      this.#leave(LOBBY);
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

  #seated({ handle, self: id }: Occupant, media: Address): Seat {
    let conference = LOBBY;
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
      description: conference === LOBBY ? `${this.#name} lobby` : this.#name,
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

  /** We sit in our lobby ourselves, which shows others that we are there, and Janus takes away when we are not. */
  async #open(): Promise<void> {
    const room = await this.#enter(LOBBY);
    await this.#manager.ask({ request: "join", room });
  }

  /** A room costs Janus a thread that mixes, whether anybody is in it or not. */
  async #sweep(): Promise<void> {
    const { list } = await this.#manager.ask({ request: "list" });
    const rooms = (Array.isArray(list) ? list : []).flatMap(roomIn);
    const alive = new Set(rooms.filter(({ lobby, seats }) => lobby && seats > 0).map(({ owner }) => owner));
    const left = rooms.filter(({ owner }) => !alive.has(owner));
    await Promise.all(left.map(({ room }) => this.#destroy(room)));
  }
}

/** A room of Janus's list, if it is one of ours. */
function roomIn(listed: unknown) {
  const { room, description, num_participants: seats } = objectIn(listed) ?? {};
  const [, owner, lobby] = OURS.exec(String(description)) ?? [];
  if (owner === undefined || typeof room !== "number" || typeof seats !== "number") return [];
  return [{ room, owner, lobby: lobby !== undefined, seats }];
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
