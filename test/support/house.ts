/** A house with two phones in which calls come in, and a client that may answer them. */
import type { Sdp } from "#sip/message.ts";
import type { CallView, DeviceState } from "../../native-host/src/api/call-control.ts";
import type { Joined } from "../../native-host/src/api/requests.ts";
import { type IncomingConfig, readIncoming } from "../../native-host/src/config-incoming.ts";
import type { Announcer } from "../../native-host/src/service/announcer.ts";
import { MissedCalls } from "../../native-host/src/service/missed-calls.ts";
import { type CallerOptions, FakeCaller } from "./caller.ts";
import type { Role } from "./fake-leg.ts";
import { Stage } from "./service-cast.ts";

export interface HouseOptions {
  readonly config?: Partial<IncomingConfig>;
  /** Nobody is at the phones when missing. */
  readonly roles?: Readonly<Record<string, Role>>;
  /** `desk` and `kitchen` when missing. */
  readonly phones?: readonly string[];
  /** Whether the phones' media run through the service. */
  readonly anchored?: boolean;
  readonly announcer?: Announcer;
  readonly doNotDisturb?: boolean;
}

const UNATTENDED = { desk: { unattended: true }, kitchen: { unattended: true } } as const;

export class House extends Stage {
  readonly missed: MissedCalls;

  constructor({ config, roles = UNATTENDED, phones = ["desk", "kitchen"], ...more }: HouseOptions = {}) {
    const missed = new MissedCalls();
    super({
      phones,
      roles,
      anchored: more.anchored ?? true,
      reception: {
        config: { ...readIncoming(undefined), ...config },
        doNotDisturb: { on: more.doNotDisturb ?? false },
        missed,
        ...(more.announcer && { announcer: more.announcer }),
      },
    });
    this.missed = missed;
    this.service.clientCame("k1", ["control"]);
  }

  /** Somebody calls the house. */
  calledBy(name: string, options: CallerOptions = {}): FakeCaller {
    return new FakeCaller(this, name, options).calls();
  }

  /** What somebody who calls would offer. */
  offerOf(name: string): Sdp {
    return new FakeCaller(this, name).offer ?? "";
  }

  answer(call: string, device?: string): Promise<Joined> {
    const { signal } = new AbortController();
    return this.service.answer({ call, client: "k1", signal, ...(device !== undefined && { device }) });
  }

  decline(call: string, code = 603): Promise<void> {
    return this.service.decline({ call, client: "k1", code });
  }

  /** The last call there is, or was. */
  get last(): CallView | undefined {
    const told = this.events.flatMap((event) => (event.name === "Call" ? [event.call] : []));
    return this.service.calls().at(-1) ?? told.at(-1);
  }

  stateOf(dev: string): DeviceState | undefined {
    return this.service.devices().find((device) => device.dev === dev)?.state;
  }

  /** Resolves when the desk and the kitchen phone ring. */
  async allRing(): Promise<void> {
    for (const name of ["desk", "kitchen"]) await this.sees(`service -> ${name}: INVITE`);
  }
}

/** A phone that somebody picks up when `lift` is called. */
export function liftable(): { readonly role: Role; readonly lift: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { role: { answers: promise }, lift: resolve };
}
