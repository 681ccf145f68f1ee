/** A call as applications see it. */

import type { CallView, ClientId, MutedBy } from "../api/call-control.ts";
import type { Device } from "../devices/device.ts";
import type { ServiceError } from "../errors.ts";
import { asFailure } from "./sip-failure.ts";

/** What a call knows of itself; `undefined` is left out of the view. */
export interface CallFacts extends Pick<CallView, "call" | "id" | "dir" | "state" | "mode"> {
  /** Whose mute must be lifted before the user is heard; missing when they are heard. */
  readonly mutedBy?: MutedBy | undefined;
  readonly focus?: boolean;
  readonly rejoining?: boolean;
  readonly waiting?: boolean | undefined;
  readonly display: string | undefined;
  readonly device: Device | undefined;
  readonly client: ClientId | undefined;
  readonly since: Date | undefined;
  readonly error: ServiceError | undefined;
}

export function callView(call: CallFacts): CallView {
  const { mutedBy, rejoining, waiting, display, device, client, since, error, ...facts } = call;
  return {
    ...facts,
    muted: mutedBy !== undefined,
    ...(mutedBy !== undefined && { mutedBy }),
    ...(rejoining && { rejoining }),
    ...(waiting && { waiting }),
    focus: facts.focus ?? false,
    ...(client !== undefined && { client }),
    ...(display !== undefined && { display }),
    ...(device && { dev: device.id }),
    ...(since && { since }),
    ...(error && { error: asFailure(error) }),
  };
}
