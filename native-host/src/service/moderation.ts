/** What one may do to others in a conference, as far as its focus allows: expel them, silence them, lock it. */

import type { CallControl } from "../api/call-control.ts";
import type { OnCall } from "../api/requests.ts";
import { ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { asSipError, SipError } from "../sip/sip-error.ts";
import { el, formatXml, type XmlElement } from "../xml/strict.ts";
import type { Calls } from "./calls.ts";
import type { FarEnd } from "./far-end.ts";
import { callFailure, peerSaid } from "./sip-failure.ts";

/** The INFO package by which our conference server is asked (docs/running-the-servers.md). */
const CONFERENCE_CONTROL = "conference-control";
const CONFERENCE_INFO = "application/conference-info+xml";
const NAMESPACE = "urn:ietf:params:xml:ns:conference-info";

/** Statuses that mean: this focus takes no such wish from anybody. */
const UNKNOWN: readonly number[] = [405, 415, 469, 489, 501];

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
    const state = el("conference-state", {}, [el("locked", {}, [String(locked)])]);
    await ask(far, state).catch((cause: unknown) => {
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
    await ask(far, usersWith(user, muted ? "recvonly" : "sendrecv")).catch((cause: unknown) => {
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

/** Media of one user as they are to be. */
function usersWith(entity: string, status: string): XmlElement {
  const media = el("media", { id: 1 }, [el("status", {}, [status])]);
  const endpoint = el("endpoint", { entity, state: "partial" }, [media]);
  return el("users", { state: "partial" }, [el("user", { entity, state: "partial" }, [endpoint])]);
}

function ask({ target, leg }: FarEnd, wish: XmlElement): Promise<void> {
  const root = el("conference-info", { xmlns: NAMESPACE, entity: target, state: "partial" }, [wish]);
  return leg.info(CONFERENCE_CONTROL, { type: CONFERENCE_INFO, content: formatXml(root) });
}

interface Wanted {
  readonly call: string;
  readonly what: string;
  readonly user?: SipUri | undefined;
}

function refusal(cause: unknown, { call, what, user }: Wanted): ServiceError {
  const refused = asSipError(cause);
  if (UNKNOWN.includes(refused.status)) return new ServiceError("no-control", [call], peerSaid(refused));
  if (refused.status === 403) return new ServiceError("forbidden", [what], peerSaid(refused));
  return callFailure(user ?? "The conference", refused);
}
