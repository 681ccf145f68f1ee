/** Calls within this process, for tests of either end. */
import { AssertionError } from "node:assert/strict";
import type { IncomingInvite, InviteOptions, Leg, LegHandlers } from "#sip/leg.ts";
import { LocalCalls } from "../../servers/media-server/local-calls.ts";

export const TARGET = "sip:conf=comedies@own.invalid";

/** A server that decides so; `errors` is what owners threw, but for what must not happen in a test. */
export function serving(decide: (invite: IncomingInvite) => void) {
  const errors: unknown[] = [];
  const calls = new LocalCalls(decide, ({ cause }) => {
    if (cause instanceof AssertionError) throw cause;
    errors.push(cause);
  });
  const invite = (options: InviteOptions = {}) => calls.invite(TARGET, { offer: "caller's", ...options });
  return { calls, errors, invite };
}

/** A server that accepts; `callee` is its end of the last call. */
export function accepting(handlers: LegHandlers = {}) {
  const accepted: Leg[] = [];
  const server = serving((invite) => accepted.push(invite.accept("callee's", { handlers })));
  return {
    ...server,
    get callee(): Leg {
      const leg = accepted.at(-1);
      if (!leg) throw new Error("nobody has called");
      return leg;
    },
  };
}

/** A call that stands, and what is told to its ends. */
export async function established(handlers: { caller?: LegHandlers; callee?: LegHandlers } = {}) {
  const server = accepting(handlers.callee);
  const { leg: caller } = await server.invite({ handlers: handlers.caller ?? {} });
  return { ...server, caller, callee: server.callee };
}
