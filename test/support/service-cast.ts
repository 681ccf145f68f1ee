/** A SIP service among fake phones and conferences, and somebody who gives it commands. */
import type { Fallback, ServiceEvent } from "../../native-host/src/api/call-control.ts";
import type { JoinRequest, Switched } from "../../native-host/src/api/requests.ts";
import type { NumberPlan } from "../../native-host/src/devices/number-plan.ts";
import { DeviceRegistry } from "../../native-host/src/devices/registry.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import type { Reception } from "../../native-host/src/service/incoming.ts";
import { SipService } from "../../native-host/src/service/sip-service.ts";
import { Dialler, type DiallerOptions } from "./dialler.ts";
import type { Role } from "./fake-leg.ts";
import { Cast } from "./fake-legs.ts";
import { Ladder } from "./ladder.ts";

const HOST = "127.0.0.1";

export interface StageOptions {
  readonly roles?: Readonly<Record<string, Role>>;
  /** Names of the phones; `desk` when missing. */
  readonly phones?: readonly string[];
  /** Whether the phones' media run through the service. */
  readonly anchored?: boolean;
  /** Phones whose media do not, when those of the others do. */
  readonly direct?: readonly string[];
  readonly choices?: Choices;
  /** How telephones are called; not at all when missing. */
  readonly numberPlan?: NumberPlan;
  /** Phones that call by themselves. */
  readonly diallers?: readonly Omit<DiallerOptions, "ladder">[];
  /** How the user wants to be called. */
  readonly reception?: Reception;
}

export class Stage {
  readonly ladder = new Ladder();
  readonly cast: Cast;
  readonly devices: DeviceRegistry;
  readonly diallers: readonly Dialler[];
  readonly service: SipService;
  readonly events: ServiceEvent[] = [];
  readonly accepted: string[] = [];

  constructor({
    roles = {},
    phones = ["desk"],
    anchored = true,
    direct = [],
    choices = new Choices(),
    numberPlan,
    diallers = [],
    reception,
  }: StageOptions = {}) {
    this.cast = new Cast(this.ladder, roles);
    const common = { caller: this.cast, mediaHost: HOST };
    const devices = phones.map((id) =>
      sipPhone({
        ...common,
        anchored: anchored && !direct.includes(id),
        id,
        name: `${id} phone`,
        uri: `sip:${id}@${HOST}`,
      }),
    );
    this.diallers = diallers.map((options) => new Dialler({ ...options, ladder: this.ladder }));
    this.devices = new DeviceRegistry([...devices, ...this.diallers], {
      defaultId: phones[0],
      phoneAt: (uri) => sipPhone({ ...common, anchored: true, id: uri, name: uri, uri }),
    });
    this.service = new SipService({
      caller: this.cast,
      subscriber: this.cast,
      devices: this.devices,
      choices,
      numberPlan,
      identity: { uri: `sip:alice@${HOST}` },
      mediaHost: HOST,
      ...(reception && { reception }),
    });
    this.service.subscribe("calls", { client: "k1" }, (event) => this.events.push(event));
  }

  /** The first phone in a call with `room`, with the flow so far forgotten. */
  static async inCall(room: string, options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(options);
    await stage.join(room, options.phones?.[0]);
    stage.ladder.clear();
    return stage;
  }

  /** What a command says; `room` is the user part of the conference's URI, perhaps with a port. */
  request(room: string, more: Partial<JoinRequest> = {}): JoinRequest {
    const [name, port] = room.split(":");
    return {
      target: `sip:${name}@${HOST}${port ? `:${port}` : ""}`,
      client: "k1",
      signal: new AbortController().signal,
      onAccepted: (call) => this.accepted.push(call),
      ...more,
    };
  }

  join(room: string, device = "desk", more: Partial<JoinRequest> = {}) {
    return this.service.join({ ...this.request(room, more), device, mode: "auto" });
  }

  switchTo(room: string, more: Partial<JoinRequest> = {}, fallback: Fallback = "error"): Promise<Switched> {
    return this.service.switchTo({ ...this.request(room, more), fallback });
  }

  use(device: string): Promise<void> {
    return this.service.useDevice({ device, client: "k1" });
  }

  hold(held = true): Promise<void> {
    return this.service.hold({ held, client: "k1" });
  }

  leave(hangup = true): Promise<void> {
    return this.service.leave({ all: true, hangup, client: "k1" });
  }

  mute(muted: boolean): Promise<void> {
    return this.service.mute({ muted, client: "k1" });
  }

  /** Resolves when the flow has a step with these words; real time stands still for it. */
  async sees(words: string): Promise<void> {
    while (this.ladder.steps(words).length === 0) await new Promise(setImmediate);
  }

  /** The first of the phones that call by themselves. */
  get dialler(): Dialler {
    const [dialler] = this.diallers;
    if (!dialler) throw new Error("nobody in the cast calls by itself");
    return dialler;
  }

  /** Each device and its state, as in `desk busy`. */
  get deviceStates(): string[] {
    return this.service.devices().map(({ dev, state }) => `${dev} ${state}`);
  }

  /** States of the call in the order they were told. */
  get states(): string[] {
    return this.events.flatMap((event) => (event.name === "Call" ? [event.call.state] : []));
  }
}
