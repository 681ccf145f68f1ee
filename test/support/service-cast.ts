/** A SIP service among fake phones and conferences, and somebody who gives it commands. */
import type { JoinRequest, ServiceEvent, Switched } from "../../native-host/src/api/call-control.ts";
import { DeviceRegistry } from "../../native-host/src/devices/registry.ts";
import { sipPhone } from "../../native-host/src/devices/sip-phone.ts";
import { Choices } from "../../native-host/src/service/choices.ts";
import { SipService } from "../../native-host/src/service/sip-service.ts";
import { Cast, type Role } from "./fake-legs.ts";
import { Ladder } from "./ladder.ts";

const HOST = "127.0.0.1";

export interface StageOptions {
  readonly roles?: Readonly<Record<string, Role>>;
  /** Names of the phones; `desk` when missing. */
  readonly phones?: readonly string[];
  /** Whether the phones' media run through the service. */
  readonly anchored?: boolean;
  readonly choices?: Choices;
}

export class Stage {
  readonly ladder = new Ladder();
  readonly cast: Cast;
  readonly devices: DeviceRegistry;
  readonly service: SipService;
  readonly events: ServiceEvent[] = [];
  readonly accepted: string[] = [];

  constructor({
    roles = {},
    phones = ["desk"],
    anchored = true,
    choices = new Choices(),
  }: StageOptions = {}) {
    this.cast = new Cast(this.ladder, roles);
    const common = { anchored, caller: this.cast, mediaHost: HOST };
    const devices = phones.map((id) =>
      sipPhone({ ...common, id, name: `${id} phone`, uri: `sip:${id}@${HOST}` }),
    );
    this.devices = new DeviceRegistry(devices, { defaultId: phones[0] });
    this.service = new SipService({
      caller: this.cast,
      subscriber: this.cast,
      devices: this.devices,
      choices,
      identity: { uri: `sip:alice@${HOST}` },
      mediaHost: HOST,
    });
    this.service.subscribe("calls", { client: "k1" }, (event) => this.events.push(event));
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

  switchTo(room: string, more: Partial<JoinRequest> = {}): Promise<Switched> {
    return this.service.switchTo({ ...this.request(room, more), fallback: "error" });
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

  /** States of the call in the order they were told. */
  get states(): string[] {
    return this.events.flatMap((event) => (event.name === "Call" ? [event.call.state] : []));
  }
}
