/** A desk phone of some vendor: its web server, its SIP half, and the action URLs it calls when its calls change. */

import { request } from "node:http";
import type { SipUri } from "#sip/message.ts";
import { type PhoneState, PhoneUa } from "./phone-ua.ts";
import { type Login, PhoneWeb } from "./phone-web.ts";
import { VENDORS, type Vendor, type VendorName } from "./vendors.ts";

export interface EmulatedPhoneOptions {
  readonly vendor: VendorName;
  /** Where its numbers are. */
  readonly server: SipUri;
  readonly login?: Login;
  readonly tls?: boolean;
}

/** What it calls each state in its action URLs. */
const EVENTS: { readonly [State in PhoneState]?: string } = {
  outgoing: "outgoing",
  ringing: "ringing",
  established: "established",
  idle: "terminated",
};

export class EmulatedPhone {
  readonly web: PhoneWeb;
  readonly ua: PhoneUa;
  /** Base of its action URLs. */
  reportTo: string | undefined;
  readonly #states: PhoneState[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(web: PhoneWeb, ua: PhoneUa) {
    this.web = web;
    this.ua = ua;
  }

  static async open({ vendor: name, server, login, tls }: EmulatedPhoneOptions): Promise<EmulatedPhone> {
    const vendor: Vendor = VENDORS[name];
    let phone: EmulatedPhone | undefined;
    const ua = await PhoneUa.open({
      name: vendor.server,
      server,
      onState: (state) => {
        if (phone) phone.#entered(state);
      },
    });
    const web = await PhoneWeb.open({
      server: vendor.server,
      login: login ?? vendor.login,
      tls: tls ?? vendor.tls ?? false,
      reply: (asked) => vendor.obey(asked, ua) ?? { status: 404 },
    });
    phone = new EmulatedPhone(web, ua);
    return phone;
  }

  /** Resolves when it is, or was since the last time it was asked for, in this state. */
  async reaches(state: PhoneState): Promise<void> {
    while (!this.#states.includes(state)) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    this.#states.splice(0, this.#states.indexOf(state) + 1);
  }

  async close(): Promise<void> {
    await Promise.all([this.web.close(), this.ua.close()]);
  }

  #entered(state: PhoneState): void {
    this.#states.push(state);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    const event = EVENTS[state];
    if (this.reportTo === undefined || event === undefined) return;
    const remote = encodeURIComponent(this.ua.remote);
    request(`${this.reportTo}/${event}?call=c1&remote=${remote}`, (answer) => answer.resume())
      .on("error", () => undefined)
      .end();
  }
}
