/** What needs the user's word first: telephone numbers that are not their own, and phones that nobody configured. */

import type { CallControl, ClientId, DeviceView } from "../api/call-control.ts";
import type { InviteRequest, JoinRequest } from "../api/requests.ts";
import type { Device } from "../devices/device.ts";
import type { NumberPlan, Telephone } from "../devices/number-plan.ts";
import type { DeviceRegistry } from "../devices/registry.ts";
import { asServiceError, ServiceError } from "../errors.ts";
import type { SipUri } from "../sip/message.ts";
import { isSipUri } from "../sip/uri.ts";
import type { Choices } from "./choices.ts";
import type { Prompts } from "./choose-device.ts";
import { deviceView } from "./device-view.ts";
import type { Wanted } from "./invitees.ts";

export interface ConsentOptions {
  readonly devices: DeviceRegistry;
  readonly prompts: Prompts;
  readonly choices: Choices;
  /** Without one no telephone numbers are called. */
  readonly numberPlan?: NumberPlan | undefined;
  /** All devices, as the user may choose one of them. */
  readonly views: () => readonly DeviceView[];
  /** Aborted when the service ends. */
  readonly over: AbortSignal;
  readonly onTrouble: (what: string, cause: unknown) => void;
}

interface Asker {
  readonly client: ClientId;
  readonly signal?: AbortSignal;
}

type Join = Parameters<CallControl["join"]>[0];
type Switch = Parameters<CallControl["switchTo"]>[0];

/** What a call to a telephone adds to a command: whom the user is asked about, whatever is remembered. */
interface Asked {
  readonly ask?: SipUri;
}

export class Consent {
  readonly #options: ConsentOptions;

  constructor(options: ConsentOptions) {
    this.#options = options;
  }

  /** The command with a SIP target and a device that is known, once the user has said yes. Throws ServiceError `bad-uri`, `cancelled`. */
  async join<Request extends Join>(request: Request): Promise<Request> {
    const number = this.#telephone(request.target);
    const { device, isNew } = this.#device(request.device);
    if (isNew || (number && !number.own)) {
      await this.#confirm(number?.tel ?? request.target, [device], request);
      if (isNew) this.#admit(device);
    }
    return { ...request, target: number?.uri ?? request.target, device: device.id };
  }

  /** The command with a SIP target; the user is asked for a device in any case where that is a telephone. */
  ask<Request extends JoinRequest>(request: Request): Request & Asked {
    const number = this.#telephone(request.target);
    if (!number) return request;
    return { ...request, target: number.uri, ...(!number.own && { ask: number.tel }) };
  }

  /** As `join`; `current` is the device that is moved to the number. */
  async switchTo<Request extends Switch>(
    request: Request,
    current: Device | undefined,
  ): Promise<Request & Asked> {
    const asked = this.ask(request);
    if (!current || !asked.ask) return asked;
    await this.#confirm(asked.ask, [current], request);
    return { ...request, target: asked.target };
  }

  /** The command with SIP invitees, each telephone confirmed; a number that cannot be called is refused alone. */
  async invite(request: InviteRequest): Promise<InviteRequest & { readonly invitees: readonly Wanted[] }> {
    const invitees: Wanted[] = [];
    for (const invitee of request.invitees) {
      const number = this.#read(invitee.id);
      if (number instanceof ServiceError) {
        invitees.push({ ...invitee, refused: number });
        continue;
      }
      if (number && !number.own) await this.#confirm(number.tel, this.#options.devices.list(), request);
      invitees.push({ ...invitee, id: number?.uri ?? invitee.id });
    }
    const device = request.device === undefined ? {} : { device: await this.device(request.device, request) };
    return { ...request, invitees, ...device };
  }

  /** The name of a device that may be used for a call with `about`. Throws ServiceError. */
  async device(name: string, asker: Asker, about?: SipUri): Promise<string> {
    const { device, isNew } = this.#device(name);
    if (isNew) {
      await this.#confirm(about ?? (isSipUri(name) ? name : undefined), [device], asker);
      this.#admit(device);
    }
    return device.id;
  }

  /** As `#telephone`, with the error in place of throwing it. */
  #read(target: string): Telephone | ServiceError | undefined {
    try {
      return this.#telephone(target);
    } catch (refused) {
      return asServiceError(refused);
    }
  }

  /** Undefined for what is no telephone number. Throws ServiceError `bad-uri`. */
  #telephone(target: string): Telephone | undefined {
    const { numberPlan } = this.#options;
    const isNumber = target.startsWith("tel:");
    // A number written as the gateway's address costs and rings as any other.
    const written = isNumber ? target : numberPlan?.numberAt(target);
    if (written === undefined) return undefined;
    if (numberPlan) return numberPlan.read(written);
    const why = "telephone numbers need an account with a gateway: set numberPlan in the configuration";
    throw new ServiceError("bad-uri", [target.slice(0, 80), why]);
  }

  /** A device of the user's, or a phone at an address that nobody configured. Throws ServiceError `no-such-device`. */
  #device(name: string): { device: Device; isNew: boolean } {
    const { devices, choices } = this.#options;
    const known = devices.find(name);
    if (known) return { device: known, isNew: false };
    const found = isSipUri(name) ? devices.phoneAt?.(name) : undefined;
    if (!found) throw new ServiceError("no-such-device", [name]);
    if (!choices.isConfirmed(name)) return { device: found, isNew: true };
    devices.add(found);
    return { device: found, isNew: false };
  }

  /** From now on it is a device like the others, also after a restart. */
  #admit(device: Device): void {
    const { devices, choices, onTrouble } = this.#options;
    devices.add(device);
    try {
      choices.confirm(device.id);
    } catch (cause) {
      onTrouble("the phone that was confirmed could not be written down", cause);
    }
  }

  async #confirm(
    id: SipUri | undefined,
    devices: readonly Device[],
    { client, signal }: Asker,
  ): Promise<void> {
    if (id === undefined) return;
    const { prompts, views, over } = this.#options;
    const known = views();
    const shown = devices.map(
      (device) => known.find(({ dev }) => dev === device.id) ?? deviceView(device, undefined, undefined),
    );
    await prompts.ask({
      id,
      client,
      signal: signal ? AbortSignal.any([signal, over]) : over,
      devices: shown,
    });
  }
}
