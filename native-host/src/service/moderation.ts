/** What one may do to others in a conference, as far as its focus allows: expel them, silence them, lock it. */

import type { CallControl } from "../api/call-control.ts";
import type { OnCall } from "../api/requests.ts";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { asSipError, SipError } from "../sip/sip-error.ts";
import type { Calls } from "./calls.ts";
import { ask, handWish, isUnknownWish, lockWish, muteWish } from "./conference-wish.ts";
import type { FarEnd } from "./far-end.ts";
import { callFailure, peerSaid } from "./sip-failure.ts";

export class Moderation {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** All are tried; throws ServiceError why the first of those stayed who did. */
  async remove({ users, ...which }: Parameters<CallControl["remove"]>[0]): Promise<void> {
    const { call, far } = this.#focus(which);
    const what = "remove others from this conference";
    const done = await Promise.allSettled(
      users.map(async (user) => {
        const status = await far.leg.refer(user, { method: "BYE" });
        if (status >= 300) throw new SipError(status, "Not Removed");
      }),
    );
    const at = done.findIndex(({ status }) => status === "rejected");
    const failed = done[at];
    if (failed?.status === "rejected") throw refusal(failed.reason, { call, what, user: users[at] });
  }

  async lock({ locked, ...which }: OnCall & { readonly locked: boolean }): Promise<void> {
    const { call, far } = this.#focus(which);
    const what = `${locked ? "lock" : "unlock"} this conference`;
    await ask(far, lockWish(locked)).catch((cause: unknown) => {
      throw refusal(cause, { call, what });
    });
  }

  async muteUser({
    user,
    muted,
    ...which
  }: OnCall & { readonly user: SipUri; readonly muted: boolean }): Promise<void> {
    const { call, far } = this.#focus(which);
    const what = `${muted ? "mute" : "unmute"} others in this conference`;
    await ask(far, muteWish(user, muted)).catch((cause: unknown) => {
      throw refusal(cause, { call, what, user });
    });
  }

  /** One's own hand without a user. */
  async hand({ user, raised, ...which }: Parameters<CallControl["hand"]>[0]): Promise<void> {
    const { call, far } = this.#focus(which);
    const who = user ?? this.#calls.get(call)?.roster?.me?.entity;
    if (who === undefined) throw new ServiceError("wrong-state", ["this conference does not list you yet"]);
    const what = `${raised ? "raise" : "lower"} ${user === undefined ? "a hand" : "the hands of others"} in this conference`;
    await ask(far, handWish(who, raised)).catch((cause: unknown) => {
      throw refusal(cause, { call, what, user });
    });
  }

  /** Throws ServiceError `no-control` where there is no focus that could be asked. */
  #focus(which: OnCall): { call: string; far: FarEnd } {
    const call = this.#calls.active(which);
    if (!call.far || call.conference === undefined) throw new ServiceError("no-control", [call.id]);
    return { call: call.id, far: call.far };
  }
}

const NO_WISHES = "is with a conference that takes no such wish";

interface Wanted {
  readonly call: string;
  readonly what: string;
  readonly user?: SipUri | undefined;
}

function refusal(cause: unknown, { call, what, user }: Wanted): ServiceError {
  const refused = asSipError(cause);
  if (isUnknownWish(refused.status))
    return new ServiceError("no-control", [call, NO_WISHES], peerSaid(refused));
  if (refused.status === 403) return new ServiceError("forbidden", [what], peerSaid(refused));
  return callFailure(user ?? "The conference", refused);
}
