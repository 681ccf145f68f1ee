/** A desk phone driven by us, and Bob whom it calls. */

import { X509Certificate } from "node:crypto";
import type { SipUri } from "#sip/message.ts";
import { type HttpPhoneOptions, httpPhone } from "../../../native-host/src/devices/http-phone.ts";
import type { Credentials, Templates } from "../../../native-host/src/devices/phones/dialect.ts";
import { Driver } from "../../../native-host/src/devices/phones/driver.ts";
import { PhoneHttp } from "../../../native-host/src/devices/phones/phone-http.ts";
import { certified } from "../certificates.ts";
import { EmulatedPhone, type EmulatedPhoneOptions } from "./emulated-phone.ts";
import { FarEnd } from "./far-end.ts";
import { PASSWORD, USERNAME } from "./phone-web.ts";

export const FINGERPRINT = new X509Certificate(certified("localhost").certificate).fingerprint256;

/** For phones that are called by nobody here. */
const NOBODY: HttpPhoneOptions["caller"] = {
  invite: () => Promise.reject(new Error("nobody is called in this test")),
};

export interface DeskOptions extends Partial<HttpPhoneOptions> {
  readonly url: string;
  readonly model?: string | undefined;
  readonly credentials?: Credentials;
  readonly account?: string;
  readonly requests?: Templates;
  readonly fingerprint?: string | undefined;
  readonly clearPassword?: boolean;
  readonly connectMs?: number;
  readonly answerMs?: number;
}

export type DeskPhone = ReturnType<typeof httpPhone>;

/** The device as the service has it, in a hurry. */
export function desk({ url, model, account, requests = {}, ...more }: DeskOptions): DeskPhone {
  const { credentials = { username: USERNAME, password: PASSWORD } } = more;
  const fingerprint = "fingerprint" in more ? more.fingerprint : FINGERPRINT;
  const http = new PhoneHttp({
    id: "desk",
    url: new URL(url),
    ...(fingerprint !== undefined && { fingerprint }),
    clearPassword: more.clearPassword ?? true,
    credentials: async () => credentials,
    ...(more.connectMs !== undefined && { connectMs: more.connectMs }),
    ...(more.answerMs !== undefined && { answerMs: more.answerMs }),
  });
  return httpPhone({
    id: "desk",
    name: "Desk phone",
    driver: new Driver({ id: "desk", by: "http", model, account, requests, http }),
    anchored: true,
    caller: NOBODY,
    mediaHost: "127.0.0.1",
    domain: "127.0.0.1",
    pollMs: 10,
    ...more,
  });
}

export interface PhoneStage extends AsyncDisposable {
  readonly phone: EmulatedPhone;
  readonly bob: FarEnd;
  /** Bob's address as this phone can dial it. */
  readonly target: SipUri;
  device(more?: Omit<Partial<DeskOptions>, "url">): DeskPhone;
}

export async function phoneStage(options: Omit<EmulatedPhoneOptions, "server">): Promise<PhoneStage> {
  const bob = await FarEnd.open();
  const phone = await EmulatedPhone.open({ ...options, server: bob.server });
  const devices: DeskPhone[] = [];
  return {
    phone,
    bob,
    target: bob.address("201"),
    device: (more = {}) => {
      const device = desk({ url: phone.web.url, model: options.vendor, ...more });
      devices.push(device);
      return device;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(devices.map((device) => device.close()));
      await phone.close();
      await bob.close();
    },
  };
}
