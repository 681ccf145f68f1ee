/**
 * Those who are on the line and not yet in: they wait for a moderator, or type a PIN. Each is alone in a room of the mixer,
 * hears what to do and nothing else, and has no right of a member; when they may, the stream goes on in the conference.
 */

import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { SipError } from "#sip/sip-error.ts";
import type { Conference } from "./conference.ts";
import type { Door } from "./door.ts";
import type { Members } from "./members.ts";
import type { Participant } from "./participant.ts";
import type { Policies } from "./policies.ts";
import type { Policy } from "./policy.ts";

/** What keeps a newcomer out for now. */
export type Obstacle = "pin" | "lobby";

export interface LobbyOptions {
  readonly members: Members;
  readonly policies: Policies;
  readonly door: Door;
  /** As Mover.seat. */
  seat(participant: Participant, room: string, seated: () => void): Promise<void>;
  readonly log: Pick<Logger, "info">;
}

/** How often somebody may type a PIN, how long it may take until the next key, and all in all. */
const TRIES = 3;
const KEY_MS = 30_000;
const TYPING_MS = 120_000;
/** Of one conference at a time. */
const MOST_TYPING = 50;
/** Who waits is told so again. */
const REMINDER_MS = 20_000;
const ROOM_BYTES = 8;

/** What the phones of those who do not come in show (RFC 3326). */
const REFUSED = "The moderator did not let you in";
const NO_PIN = "The PIN was not entered";
const WRONG_PIN = "The PIN was wrong";
const LOCKED = "The conference is locked";

/** A room of the mixer for one alone; nobody finds it. */
export function waitingRoom(id: string): string {
  return `${id}.waiting-${randomBytes(ROOM_BYTES).toString("hex")}`;
}

/** Whether newcomers wait now: with a lobby until a moderator is there, and where it is locked too until one lets them in. */
export function hasToWait({ lobby, locked }: Policy, conference: Conference | undefined): boolean {
  return lobby && (locked || conference?.moderated !== true);
}

export class Lobby {
  readonly #options: LobbyOptions;
  readonly #entering = new Set<Participant>();
  /** Who types the PIN of each conference. */
  readonly #typing = new Map<string, Set<Participant>>();

  constructor(options: LobbyOptions) {
    this.#options = options;
    const { members, policies } = options;
    policies.watch((id) => this.#review(id));
    members.happenings.follow((happening) => {
      if (!("participant" in happening) || !happening.participant.moderator) return;
      // It is told before the roster has changed.
      queueMicrotask(() => this.#review(happening.conference.id));
    });
  }

  /** Somebody is at the mixer, in a room of their own. */
  receive(participant: Participant, conference: Conference, obstacle: Obstacle): void {
    if (obstacle === "lobby") void this.#wait(participant, conference);
    else void this.#type(participant, conference);
  }

  /** How many type the PIN of this conference now. */
  typing(id: string): number {
    return this.#typing.get(id)?.size ?? 0;
  }

  /** Throws SipError 503 when so many type that PIN that nobody else is asked for it: they hold places and need not know it. */
  makeRoomToType(id: string): void {
    if (this.typing(id) >= MOST_TYPING) throw new SipError(503, "Too Many At The Door");
  }

  /** A moderator lets them in, whatever the policy says. Resolves when each is there, or has to wait on. */
  async admit(conference: Conference, who: readonly Participant[]): Promise<void> {
    const waiting = who.filter((participant) => conference.waiting.has(participant));
    await Promise.all(waiting.map((participant) => this.#enter(participant, conference)));
  }

  /** A moderator sends them away; their phones are told so. */
  async refuse(conference: Conference, who: readonly Participant[]): Promise<void> {
    const waiting = who.filter((participant) => conference.waiting.has(participant));
    await Promise.all(waiting.map((participant) => participant.end(REFUSED)));
  }

  /** Lets in all who need wait no longer. */
  #review(id: string): void {
    const { members, policies } = this.#options;
    const conference = members.conferences.get(id);
    if (!conference || hasToWait(policies.of(id), conference)) return;
    for (const participant of conference.waiting.keys()) void this.#enter(participant, conference);
  }

  async #wait(participant: Participant, conference: Conference): Promise<void> {
    conference.wait(participant);
    this.#options.members.happenings.tell({ name: "participant-waiting", conference, participant });
    if (!(await participant.phone.acknowledged())) return;
    const remind = () => {
      if (conference.waiting.has(participant)) void participant.play("waiting");
      else clearInterval(reminder);
    };
    const reminder = setInterval(remind, REMINDER_MS).unref();
    remind();
  }

  async #type(participant: Participant, conference: Conference): Promise<void> {
    const { id } = conference;
    const typing = this.#typing.get(id) ?? new Set();
    this.#typing.set(id, typing.add(participant));
    await this.#askPin(participant, conference);
    typing.delete(participant);
    if (typing.size === 0 && this.#typing.get(id) === typing) this.#typing.delete(id);
  }

  async #askPin(participant: Participant, conference: Conference): Promise<void> {
    const { policies, door, members } = this.#options;
    const caller = { address: participant.identity.address, conference: conference.id };
    await participant.phone.acknowledged();
    const signal = AbortSignal.timeout(TYPING_MS);
    for (let tries = 0; tries < TRIES; tries += 1) {
      void participant.play(tries === 0 ? "enter-pin" : "wrong-pin");
      const digits = await participant.keys.read({ timeoutMs: KEY_MS, signal });
      if (participant.ended || members.homeOf(participant) !== conference) return;
      if (digits === undefined) return participant.end(NO_PIN);
      if (door.opens(policies.of(conference.id), digits, caller)) return this.#pass(participant, conference);
    }
    await participant.end(WRONG_PIN);
  }

  /** The PIN was right; the rest is as for anybody. */
  async #pass(participant: Participant, conference: Conference): Promise<void> {
    const policy = this.#options.policies.of(conference.id);
    if (hasToWait(policy, conference)) await this.#wait(participant, conference);
    else if (policy.locked) await participant.end(LOCKED);
    else if (!(await this.#enter(participant, conference))) await participant.end();
  }

  /** Whether they are in now. */
  async #enter(participant: Participant, conference: Conference): Promise<boolean> {
    if (this.#entering.has(participant)) return true;
    this.#entering.add(participant);
    const { seat, members, log } = this.#options;
    try {
      await seat(participant, conference.id, () => {
        members.admitted(participant, conference);
        log.info({ conference: conference.id, participants: conference.size }, "participant let in");
      });
      void participant.play("admitted");
      return true;
    } catch (err) {
      log.info({ conference: conference.id, err }, "a participant could not be let in, and waits on");
      return false;
    } finally {
      this.#entering.delete(participant);
    }
  }
}
