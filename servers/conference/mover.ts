/** Moves participants between conferences: the mixer carries the stream over, the phone keeps its call and its media (RFC 3891, RFC 3261 §12.2). */

import { asSipError, SipError } from "#sip/sip-error.ts";
import type { Conference } from "./conference.ts";
import type { Members } from "./members.ts";
import type { MediaOrder, Seat } from "./mixer-control.ts";
import type { Participant } from "./participant.ts";
import { Rehome } from "./rehome.ts";
import type { Standing } from "./standing.ts";

export interface MoverOptions {
  readonly members: Pick<Members, "homeOf" | "transfer">;
  order(room: string, order: MediaOrder): Promise<Seat>;
  /** Runs `move`, counting whom it moves as one of that conference. Throws SipError 503 when there is no place for them. */
  moving(id: string, move: () => Promise<void>): Promise<void>;
  onMoved(from: Conference | undefined, to: Conference): void;
}

/** Media first: of many who are moved the phones are told when all are there, or after so long, milliseconds. */
const TOLD_MS = 300;
/** A mixer has so many orders of one move at a time: what waits behind more of them than it can do in time would be given up. */
const AT_ONCE = 32;

export class Mover {
  readonly #options: MoverOptions;
  readonly #rehome = new Rehome((participant) => this.seat(participant, participant.room));

  constructor(options: MoverOptions) {
    this.#options = options;
  }

  /**
   * To another conference, which is made if there is none; resolves when the participant is heard and listed there. The
   * phone learns it by a target refresh. Throws SipError, and he stays where he was: 403 he waits to be let in, 481 he
   * hung up, 503 the mixer or the server cannot.
   */
  move(participant: Participant, id: string): Promise<void> {
    return this.#move(participant, id, Promise.resolve());
  }

  /** The same for many at once; for each in their order undefined, or why he stayed where he was. */
  async moveAll(participants: readonly Participant[], id: string): Promise<(SipError | undefined)[]> {
    const { promise: told, resolve: tell } = Promise.withResolvers<void>();
    const last = setTimeout(tell, TOLD_MS);
    const left = participants.entries();
    const failures: (SipError | undefined)[] = participants.map(() => undefined);
    const moveNext = async (): Promise<void> => {
      for (const [at, participant] of left)
        await this.#move(participant, id, told).catch((cause: unknown) => {
          failures[at] = asSipError(cause);
        });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, moveNext));
    clearTimeout(last);
    tell();
    return failures;
  }

  /**
   * To another room of the mixer, whatever the roster says, such as that of those who wait; runs `seated` when he is
   * there. What the mixer need not be told at once it is told when `rest` resolves. Throws SipError as `move`.
   */
  async seat(
    participant: Participant,
    room: string,
    seated: () => void = () => undefined,
    rest?: Promise<void>,
  ): Promise<void> {
    const seatedThere = (): void => {
      participant.room = room;
      seated();
    };
    try {
      await participant.reseat((media) => this.#options.order(room, media), seatedThere, rest);
    } catch (cause) {
      throw participant.ended ? new SipError(481, "Call Does Not Exist") : cause;
    }
  }

  /** The phone is told, and the mixer asked for keys, when `told` resolves. */
  async #move(participant: Participant, id: string, told: Promise<void>): Promise<void> {
    const { members, moving, onMoved } = this.#options;
    if (members.homeOf(participant)?.id !== participant.room) throw new SipError(403, "Waiting To Be Let In");
    const seated = () => {
      const from = members.homeOf(participant);
      if (from?.id === id) return;
      participant.standing = inAnother(participant.standing);
      onMoved(from, members.transfer(participant, id));
      void told.then(() => participant.phone.refresh(id));
    };
    await moving(id, () => this.seat(participant, id, seated, told));
  }

  /** His mixer has ended his leg: he gets another one, as soon as there is one, or is told goodbye. */
  rehome(participant: Participant): Promise<void> {
    return this.#rehome.find(participant);
  }
}

/** Rights that somebody has in one conference end with it. */
function inAnother({ invitedBy: _, ...standing }: Standing): Standing {
  return { ...standing, moderator: standing.everywhere === true };
}
